"""Counters are found by their key alone, which MySQL compares as it is written."""

from typing import Any

from django.db import migrations, models


def mark_budgets(apps: Any, schema_editor: Any) -> None:
    """A budget is added to while its version is 1 (``services/windows.py``)."""
    counters = apps.get_model("django_jsms", "Counter").objects.using(schema_editor.connection.alias)
    counters.filter(key__startswith="budget:").update(version=1)


def compare_exactly(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor != "mysql":
        return
    quote = schema_editor.quote_name
    table = quote(apps.get_model("django_jsms", "Counter")._meta.db_table)
    text = "varchar(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL"
    schema_editor.execute(f"ALTER TABLE {table} MODIFY {quote('key')} {text}")


def drop_like_index(apps: Any, schema_editor: Any) -> None:
    """Django makes one for LIKE beside each key of text on PostgreSQL; each use of a counter would pay for it."""
    if schema_editor.connection.vendor == "postgresql":
        table = apps.get_model("django_jsms", "Counter")._meta.db_table
        name = schema_editor._create_index_name(table, ["key"], suffix="_like")
        schema_editor.execute(f"DROP INDEX IF EXISTS {schema_editor.quote_name(name)}")


class Migration(migrations.Migration):

    dependencies = [
        ('django_jsms', '0014_budgets'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='counter',
            name='id',
        ),
        migrations.AlterField(
            model_name='counter',
            name='key',
            field=models.CharField(max_length=120, primary_key=True, serialize=False),
        ),
        migrations.AlterField(
            model_name='counter',
            name='version',
            field=models.BigIntegerField(default=0),
        ),
        migrations.RunPython(mark_budgets, migrations.RunPython.noop),
        migrations.RunPython(drop_like_index, migrations.RunPython.noop),
        migrations.RunPython(compare_exactly, migrations.RunPython.noop, atomic=False),
    ]
