"""Identifiers are compared byte for byte: MySQL and MariaDB need to be told, and each table is rebuilt once."""

from typing import Any

import django_jsms.models.codes
import django_jsms.models.identifiers
from django.db import migrations


def compare_exactly(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    for model in django_jsms.models.identifiers.folding(connection, apps.get_app_config("django_jsms").get_models()):
        schema_editor.execute(django_jsms.models.identifiers.make_exact(connection, model))


class Migration(migrations.Migration):

    dependencies = [
        ('django_jsms', '0016_code_index'),
    ]

    operations = [
        # Other databases compare them so anyway, and SQLite would copy a table for each of its columns.
        migrations.SeparateDatabaseAndState(state_operations=[
            migrations.AlterField(
                model_name='actionlog',
                name='action',
                field=django_jsms.models.identifiers.Identifier(max_length=64, verbose_name='action'),
            ),
            migrations.AlterField(
                model_name='actionlog',
                name='app',
                field=django_jsms.models.identifiers.Identifier(blank=True, max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='actionlog',
                name='target',
                field=django_jsms.models.identifiers.Identifier(max_length=64, verbose_name='what'),
            ),
            migrations.AlterField(
                model_name='actionlog',
                name='target_id',
                field=django_jsms.models.identifiers.Identifier(max_length=64, verbose_name='which'),
            ),
            migrations.AlterField(
                model_name='balancesnapshot',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='batch',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='batch',
                name='source_digest',
                field=django_jsms.models.identifiers.Identifier(blank=True, db_index=True, default='', max_length=64),
            ),
            migrations.AlterField(
                model_name='batch',
                name='tag',
                field=django_jsms.models.identifiers.Identifier(blank=True, default='', max_length=10, verbose_name='tag'),
            ),
            migrations.AlterField(
                model_name='callback',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='callback',
                name='digest',
                field=django_jsms.models.identifiers.Identifier(editable=False, max_length=64, unique=True),
            ),
            migrations.AlterField(
                model_name='callback',
                name='kind',
                field=django_jsms.models.identifiers.Identifier(max_length=32, verbose_name='kind'),
            ),
            migrations.AlterField(
                model_name='callback',
                name='signed_as',
                field=django_jsms.models.identifiers.Identifier(editable=False, max_length=120, null=True, unique=True),
            ),
            migrations.AlterField(
                model_name='counter',
                name='key',
                field=django_jsms.models.identifiers.Identifier(max_length=120, primary_key=True, serialize=False),
            ),
            migrations.AlterField(
                model_name='idempotencykey',
                name='fingerprint',
                field=django_jsms.models.identifiers.Identifier(max_length=64),
            ),
            migrations.AlterField(
                model_name='idempotencykey',
                name='key',
                field=django_jsms.models.identifiers.Identifier(max_length=255),
            ),
            migrations.AlterField(
                model_name='idempotencykey',
                name='scope',
                field=django_jsms.models.identifiers.Identifier(max_length=100),
            ),
            migrations.AlterField(
                model_name='joblease',
                name='name',
                field=django_jsms.models.identifiers.Identifier(max_length=64, unique=True),
            ),
            migrations.AlterField(
                model_name='lowbalance',
                name='app',
                field=django_jsms.models.identifiers.Identifier(max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='message',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='message',
                name='mobile_hash',
                field=django_jsms.models.identifiers.Identifier(editable=False, max_length=32),
            ),
            migrations.AlterField(
                model_name='message',
                name='msg_id',
                field=django_jsms.models.identifiers.Identifier(blank=True, default='', max_length=64, verbose_name='msg_id'),
            ),
            migrations.AlterField(
                model_name='message',
                name='reference',
                field=django_jsms.models.identifiers.Identifier(blank=True, default='', max_length=64, verbose_name='reference'),
            ),
            migrations.AlterField(
                model_name='message',
                name='tag',
                field=django_jsms.models.identifiers.Identifier(blank=True, default='', max_length=10, verbose_name='tag'),
            ),
            migrations.AlterField(
                model_name='optout',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='optout',
                name='mobile_hash',
                field=django_jsms.models.identifiers.Identifier(editable=False, max_length=32),
            ),
            migrations.AlterField(
                model_name='pause',
                name='app',
                field=django_jsms.models.identifiers.Identifier(max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='pause',
                name='key_fingerprint',
                field=django_jsms.models.identifiers.Identifier(blank=True, default='', max_length=16),
            ),
            migrations.AlterField(
                model_name='reply',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='reply',
                name='mobile_hash',
                field=django_jsms.models.identifiers.Identifier(editable=False, max_length=32),
            ),
            migrations.AlterField(
                model_name='report',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='report',
                name='mobile_hash',
                field=django_jsms.models.identifiers.Identifier(editable=False, max_length=32),
            ),
            migrations.AlterField(
                model_name='report',
                name='msg_id',
                field=django_jsms.models.identifiers.Identifier(max_length=128, verbose_name='msg_id'),
            ),
            migrations.AlterField(
                model_name='schedule',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='schedule',
                name='remote_id',
                field=django_jsms.models.identifiers.Identifier(max_length=64, null=True, verbose_name='schedule id'),
            ),
            migrations.AlterField(
                model_name='schedule',
                name='tag',
                field=django_jsms.models.identifiers.Identifier(blank=True, default='', max_length=10, verbose_name='tag'),
            ),
            migrations.AlterField(
                model_name='signature',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='template',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='verificationcode',
                name='app',
                field=django_jsms.models.identifiers.Identifier(default='default', max_length=64, verbose_name='app'),
            ),
            migrations.AlterField(
                model_name='verificationcode',
                name='mobile_hash',
                field=django_jsms.models.identifiers.Identifier(editable=False, max_length=32),
            ),
            migrations.AlterField(
                model_name='verificationcode',
                name='msg_id',
                field=django_jsms.models.identifiers.Identifier(blank=True, default='', max_length=64, verbose_name='msg_id'),
            ),
            migrations.AlterField(
                model_name='verificationcode',
                name='purpose',
                field=django_jsms.models.identifiers.Identifier(max_length=32, verbose_name='purpose'),
            ),
            migrations.AlterField(
                model_name='verificationcode',
                name='token',
                field=django_jsms.models.identifiers.Identifier(default=django_jsms.models.codes.new_token, editable=False, max_length=43, unique=True),
            ),
        ]),
        migrations.RunPython(compare_exactly, migrations.RunPython.noop, atomic=False),
    ]
