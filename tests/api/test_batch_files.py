"""Batches as files over REST: a list of any length goes in, and what became of each row comes out."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from django_jsms.models import ActionLog, Batch, Message

from .test_codes import problem

pytestmark = pytest.mark.django_db
FIRST, SECOND = "13800138000", "13900139000"
LIST = f"手机号,no\n{FIRST},42\n{SECOND},43\n"


def file(content=LIST, name="list.csv"):
    return SimpleUploadedFile(name, content if isinstance(content, bytes) else content.encode(), "text/csv")


def upload(client, content=LIST, path="batches/upload/", headers=None, **more):
    form = {"template": "order-shipped", "file": file(content), **more}
    body = encode_multipart(BOUNDARY, {name: value for name, value in form.items() if value is not None})
    return client.post(path, raw=body, content_type=MULTIPART_CONTENT, **(headers or {}))


def table(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.core
def test_a_file_is_taken_in_sent_and_comes_out_again(shop, boss, admin_user):
    made = upload(boss, name="spring", tag="s", reason="asked for", params="{}")
    body = made.json()
    assert made.status_code == 201 and FIRST not in made.content.decode() and shop.ledger == []
    assert (body["status"], body["total"], body["name"], body["tag"]) == ("ready", 2, "spring", "s")
    assert Batch.objects.get().created_by == admin_user and ActionLog.objects.get().reason == "asked for"
    boss.post(f"batches/{body['id']}/start/", {})
    shop.run_pending()
    assert sorted(sms.mobile for sms in shop.outbox) == [FIRST, SECOND]
    rows = table(boss.get(f"batches/{body['id']}/export/"))
    assert len(rows) == 3 and [row[1] for row in rows[1:]] == ["138****8000", "139****9000"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_files_of_spreadsheets_are_read(shop, boss, encoding):
    assert upload(boss, LIST.encode(encoding)).json()["total"] == 2


def test_an_encoding_may_be_said(shop, boss):
    assert upload(boss, LIST.encode("utf-16-le"), encoding="utf-16-le").json()["total"] == 2
    assert problem(upload(boss, encoding="no-such"), 400) == ("invalid_encoding", "encoding")


def test_parameters_for_all_are_one_object(shop, boss):
    assert upload(boss, f"{FIRST}\n", params='{"no": "42"}').json()["total"] == 1
    for params in ("no=42", "[]", '{"no": "1", "no": "2"}', "\ud800"):
        assert problem(upload(boss, f"{FIRST}\n", params=params.encode("utf-8", "replace")), 400)[1] == "params"


def test_one_wrong_line_refuses_all_and_is_named(shop, boss):
    content = f"{LIST}1380013,44\n{FIRST},45\n"
    answer = upload(boss, content)
    assert problem(answer, 400) == ("invalid_mobile", "file")
    message = answer.json()["message"]
    assert message.startswith("Line 4: ") and "2 lines are wrong in all: 4, 5." in message and "1380013" not in message
    assert not Batch.objects.exists() and not Message.objects.exists()
    made = upload(boss, content, partial="1").json()
    assert (made["total"], made["rejected"]) == (2, 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04rest", "not_csv"),
        ("手机号,no\n", "empty_list"),
        ("name,no\nx,1\n", "no_mobile_column"),
        (f"手机号\n{FIRST}\n", "missing_column"),
        (f"手机号,no\n{FIRST},1,2,3\n", "ragged_row"),
        (f'手机号,no\n{FIRST},"1\n', "unclosed_quote"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_of_it(shop, boss, content, reason):
    answer = upload(boss, content)
    assert problem(answer, 400) == (reason, "file") and FIRST not in answer.content.decode()
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"file": None}, "file"),
        ({"file": "text"}, "file"),
        ({"template": None}, "template"),
        ({"template": "unknown"}, "template"),
        ({"tag": "x" * 11}, "tag"),
        ({"signature": "x"}, "signature"),
        ({"partial": "perhaps"}, "partial"),
        ({"app": "nobody"}, "app"),
        ({"nmae": "x"}, "nmae"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(shop, boss, more, field):
    assert problem(upload(boss, **more), 400)[1] == field and not Batch.objects.exists()


def test_only_a_form_is_read(shop, boss):
    assert problem(boss.post("batches/upload/", {"template": "order-shipped"}), 415)


def test_the_same_list_twice_wants_a_word(shop, boss):
    upload(boss)
    assert problem(upload(boss), 400) == ("repeated_source", "force")
    assert upload(boss, force="true").status_code == 201 and Batch.objects.count() == 2


def test_the_same_request_again_is_one_and_another_list_is_not_it(shop, boss):
    key = {"Idempotency_Key": "k"}
    made = [upload(boss, headers=key).json() for _ in range(2)]
    assert made[0] == made[1] and Batch.objects.count() == 1
    other = upload(boss, LIST.replace("42", "52"), headers=key)
    assert problem(other, 422)[0] == "idempotency_conflict" and Batch.objects.count() == 1


def test_the_query_may_say_partial_and_is_part_of_a_request(shop, boss):
    rows = [{"mobile": FIRST, "params": {"no": "42"}}, {"mobile": "1380013", "params": {"no": "43"}}]
    new = {"template": "order-shipped", "recipients": rows}
    assert problem(boss.post("batches/", new, Idempotency_Key="k"), 400) == ("invalid_mobile", "recipients.1")
    assert boss.post("batches/?partial=1", new, Idempotency_Key="k").json()["total"] == 1
    assert problem(boss.post("batches/", new, Idempotency_Key="k"), 422)[0] == "idempotency_conflict"
    assert problem(boss.post("batches/?partail=1", new), 400) == ("unknown_field", "partail")


# -- out ------------------------------------------------------------------------------------------------------


@pytest.fixture
def finished(shop, boss):
    made = upload(boss, f"{LIST}1380013,44\n", partial="1").json()
    boss.post(f"batches/{made['id']}/start/", {})
    shop.run_pending()
    return f"batches/{made['id']}/export/"


def test_some_rows_are_picked_by_status(finished, boss):
    assert [row[0] for row in table(boss.get(finished, status="rejected"))[1:]] == ["4"]
    assert len(table(boss.get(finished, status="rejected,sent"))) == 4
    assert problem(boss.get(finished, status="sent,gone"), 400) == ("invalid_choice", "status")
    assert problem(boss.get(finished, status=["sent", "failed"]), 400) == ("duplicate", "status")
    assert problem(boss.get(finished, limit="1"), 400) == ("unknown_field", "limit")


def test_whole_numbers_are_for_who_may_see_them_and_are_logged(finished, boss, staff):
    assert problem(staff("view_batch").get(finished, full="true"), 403)
    assert not ActionLog.objects.filter(action="export_full").exists()
    rows = table(staff("view_batch", "see_numbers").get(finished, full="true"))
    assert [row[1] for row in rows[1:]] == ["1380013", FIRST, SECOND]
    assert ActionLog.objects.filter(action="export_full").count() == 1


def test_it_is_a_file_for_a_spreadsheet_whatever_is_asked_for(finished, boss):
    for accept in ("text/csv", "application/json", "image/png"):
        answer = boss.client.get(boss.prefix + finished, headers={"accept": accept})
        assert answer["Content-Type"] == "text/csv; charset=utf-8" and answer["Cache-Control"] == "no-store"
        assert answer["Content-Disposition"].startswith('attachment; filename="batch-')
        assert next(iter(answer.streaming_content)) == b"\xef\xbb\xbf"
    assert (
        boss.client.get(boss.prefix + "batches/0/export/", headers={"accept": "text/csv"}).json()["code"]
        == "not_found"
    )


def test_a_file_that_is_on_the_disk_is_read_too(shop, boss, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    key = {"Idempotency_Key": "k"}
    assert [upload(boss, headers=key).json()["total"] for _ in range(2)] == [2, 2] and Batch.objects.count() == 1
    assert problem(upload(boss, LIST.replace("42", "52"), headers=key), 422)[0] == "idempotency_conflict"
