"""Importing uploaded files: what is taken, what is told, and that each file is taken once."""

import base64
import csv
import json
from io import StringIO
from typing import Any

import boto3
import pytest

from scrip.adapters.import_jobs import Settling
from scrip.domain.code_file import MAX_FILE_BYTES
from scrip.domain.import_job import Plan
from scrip.domain.stock import Batch
from tests import file_upload
from tests.file_upload import import_file, objects, open_import, result_of, run, upload, view
from tests.in_memory import UPLOADS, InMemory
from tests.shop import Shop
from tests.spreadsheet import spreadsheet

FIGURES = ("rows", "taken", "duplicates", "known", "refused")


@pytest.fixture
def seller(shop: Shop) -> Shop:
    shop.put_variant("card-50")
    return shop


def figures(seen: Any) -> list[int]:
    return [seen[name] for name in FIGURES]


def bought(shop: Shop, quantity: int = 1) -> list[dict[str, Any]]:
    placed = shop.place({"card-50": quantity})
    assert placed.status == 201, placed.text
    shop.pay(placed)
    codes: list[dict[str, Any]] = shop.reveal(placed).json["codes"]
    return codes


def test_an_uploaded_file_is_sold_from(cloud: InMemory, seller: Shop) -> None:
    seen = import_file(cloud, seller, b"code,pin,note\nA-1,11,mine\nB-2,22,\n")

    assert (seen["state"], figures(seen)) == ("done", [3, 2, 0, 0, 0])
    assert objects() == [f"results/demo/{seen['import_id']}.csv"]
    shown = bought(seller, 2)
    assert [(each["code"], each["pin"]) for each in shown] == [("A-1", "11"), ("B-2", "22")]
    assert "mine" not in json.dumps(shown)


def test_every_row_left_out_is_told_with_its_reason(cloud: InMemory, seller: Shop) -> None:
    import_file(cloud, seller, b"OLD-1\nOLD-2", name="first.txt", key="first")
    rows = ["code,valid_until,cost", "A-1,,", "A-1,,", "OLD-1,,", ",,1", "B,soon,", "C,,x"]
    rows += ["D,2020-01-01,", "E", "", "F,2999-12-31,1.5"]

    seen = import_file(cloud, seller, "\n".join(rows).encode(), key="second")

    assert figures(seen) == [11, 2, 1, 1, 5]
    told = list(csv.reader(StringIO("\n".join(result_of(seller, seen["import_id"])))))
    assert [row[0] for row in told] == ["row", "3", "4", "5", "6", "7", "8", "9"]
    assert told[1][1].startswith("duplicate")
    assert told[2][1].startswith("known")
    assert "OLD" not in str(told)


def test_a_dry_run_takes_nothing(cloud: InMemory, seller: Shop) -> None:
    content = b"A-1\nB-2\nA-1"

    tried = import_file(cloud, seller, content, name="x.txt", key="try", dry_run=True)
    taken = import_file(cloud, seller, content, name="x.txt", key="take")

    assert figures(tried) == figures(taken) == [3, 2, 1, 0, 0]
    assert (tried["batch_id"], tried["dry_run"]) == (None, True)
    assert result_of(seller, tried["import_id"]) == result_of(seller, taken["import_id"])


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"pin\n1\n", "codes.csv", "header"),
        (b"\x81\x00\xff", "codes.txt", "neither UTF-8 nor GBK"),
        (b"PK\x03\x04 not a zip", "codes.xlsx", "broken"),
        (b"\n\n", "codes.txt", "no code"),
    ],
)
def test_a_file_that_cannot_be_taken_fails_with_its_reason(
    cloud: InMemory, seller: Shop, content: bytes, name: str, why: str
) -> None:
    seen = import_file(cloud, seller, content, name=name)

    assert seen["state"] == "failed"
    assert why in seen["problem"]
    assert seen["finished_at_ms"]
    assert objects() == []
    assert cloud.table("stock").scan()["Items"] == []


def test_a_spreadsheet_is_imported(cloud: InMemory, seller: Shop) -> None:
    content = spreadsheet(
        ["卡号", "卡密", "有效期"], ["A-1", 1234, "2999-12-31"], ["=1+1"], ["B-2", "0007"]
    )

    seen = import_file(cloud, seller, content, name="codes.xlsx")

    assert figures(seen) == [4, 2, 0, 0, 1]
    assert sorted((each["code"], each["pin"]) for each in bought(seller, 2)) == [
        ("A-1", "1234"),
        ("B-2", "0007"),
    ]


def test_an_import_that_runs_out_of_time_tells_its_queue_and_goes_on(
    cloud: InMemory, seller: Shop
) -> None:
    opened = open_import(seller, name="codes.txt")
    event = upload(opened, b"A-1\nB-2")

    run(cloud, event, seconds=60)

    assert view(seller, opened)["state"] == "running"
    sqs, url = boto3.client("sqs"), cloud.values["ImportQueueUrl"]
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {
        "merchant_id": "demo",
        "import_id": opened.json["import_id"],
    }
    run(cloud, {"Records": [{"messageId": "again", "body": message["Body"]}]})
    assert figures(view(seller, opened)) == [2, 2, 0, 0, 0]


def test_a_file_is_taken_once_however_often_it_is_told_of(cloud: InMemory, seller: Shop) -> None:
    opened = open_import(seller, name="codes.txt")
    event = upload(opened, b"A-1\nB-2")
    run(cloud, event)
    before = cloud.table("stock").scan()["Items"]

    upload(opened, b"C-3\nD-4")
    run(cloud, event)

    assert cloud.table("stock").scan()["Items"] == before
    assert [name for name in objects() if name.startswith("uploads/")] == []


def test_another_file_may_replace_one_that_was_not_begun(
    cloud: InMemory, seller: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_import(seller, name="codes.txt")
    run(cloud, upload(opened, b"A-1"), seconds=60)

    run(cloud, upload(opened, b"B-2\nC-3"))

    assert figures(view(seller, opened)) == [2, 2, 0, 0, 0]


def test_another_file_than_the_one_begun_stalls_until_that_comes_back(
    cloud: InMemory, seller: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrip.domain.import_job.PART_CODES", 2)
    content = b"A-1\nB-2\nC-3"
    opened = open_import(seller, name="codes.txt")
    times = iter([900_000, 0])
    monkeypatch.setattr(
        "tests.in_memory.Context.get_remaining_time_in_millis", lambda _: next(times)
    )
    run(cloud, upload(opened, content))
    assert figures(view(seller, opened))[:2] == [2, 2]
    monkeypatch.undo()

    run(cloud, upload(opened, b"X-1\nY-2\nZ-3"))
    stalled = view(seller, opened)
    boto3.client("s3").delete_object(Bucket=UPLOADS, Key=f"uploads/demo/{stalled['import_id']}")
    run(cloud, upload_event(opened))
    again = open_import(seller, name="codes.txt")
    run(cloud, upload(again, content))

    assert (stalled["state"], stalled["problem"]) == ("stalled", "upload the same file again")
    assert (again.json["import_id"], again.json["state"]) == (stalled["import_id"], "stalled")
    seen = view(seller, opened)
    assert (seen["state"], seen["problem"], figures(seen)) == ("done", "", [3, 3, 0, 0, 0])
    assert {each["code"] for each in bought(seller, 3)} == {"A-1", "B-2", "C-3"}


def upload_event(opened: Any) -> dict[str, Any]:
    key = opened.json["upload"]["fields"]["key"]
    body = json.dumps({"Records": [{"s3": {"object": {"key": key}}}]})
    return {"Records": [{"messageId": "upload", "body": body}]}


def test_opening_again_under_the_same_key_opens_nothing_new(seller: Shop) -> None:
    first, second = open_import(seller), open_import(seller)

    assert first.json["import_id"] == second.json["import_id"]
    assert second.json["upload"]["fields"]["key"] == first.json["upload"]["fields"]["key"]


@pytest.mark.parametrize(
    "changed", [{"name": "other.csv"}, {"dry_run": True}, {"separator": "tab"}, {"format": "csv"}]
)
def test_another_file_under_the_same_key_is_refused(seller: Shop, changed: dict[str, Any]) -> None:
    open_import(seller)

    assert open_import(seller, **changed).problem == "idempotency-key-reused"


def test_the_same_key_names_another_import_for_another_variant(seller: Shop) -> None:
    seller.put_variant("card-20")

    assert open_import(seller).json["import_id"] != open_import(seller, "card-20").json["import_id"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "a/b"},
        {"format": "xls"},
        {"encoding": "latin-1"},
        {"separator": ";"},
        {"dry_run": "yes"},
        {"size": 1},
    ],
)
def test_what_an_import_is_asked_for_is_checked(seller: Shop, body: dict[str, Any]) -> None:
    assert open_import(seller, **body).problem == "request-invalid"


def test_an_import_of_no_variant_is_refused(seller: Shop) -> None:
    assert open_import(seller, "card-99").problem == "variant-unknown"


def test_the_form_bounds_what_is_uploaded(seller: Shop) -> None:
    policy = open_import(seller).json["upload"]["fields"]["policy"]

    conditions = json.loads(base64.b64decode(policy))["conditions"]

    assert ["content-length-range", 1, MAX_FILE_BYTES] in conditions


def test_imports_are_listed_newest_first_and_belong_to_their_merchant(
    cloud: InMemory, seller: Shop, stripe_api: Any
) -> None:
    ids = [open_import(seller, key=f"file-{n}").json["import_id"] for n in range(3)]

    listed = seller.call("GET", "/v1/merchant/imports", key="operator").json["imports"]

    assert [each["import_id"] for each in listed] == sorted(ids, reverse=True)
    other = seller.call("GET", "/v1/merchant/imports/0000000000000000", key="operator")
    assert other.problem == "import-unknown"


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        "{}",
        json.dumps({"Records": [{"s3": {"object": {"key": "results/demo/x.csv"}}}]}),
        json.dumps({"Records": [{"s3": {}}]}),
        json.dumps({"merchant_id": "demo"}),
    ],
)
def test_a_message_that_is_none_is_left_for_the_dead_letters(cloud: InMemory, body: str) -> None:
    event = {"Records": [{"messageId": "poison", "body": body}]}

    answer = cloud.invoke("queue_import_file", event)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}]}


def test_the_buckets_own_test_message_is_acknowledged(cloud: InMemory) -> None:
    body = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"})

    answer = cloud.invoke("queue_import_file", {"Records": [{"messageId": "t", "body": body}]})

    assert answer == {"batchItemFailures": []}


def test_a_file_of_nobodys_import_is_thrown_away(cloud: InMemory, seller: Shop) -> None:
    opened = open_import(seller)
    event = upload(opened, b"A-1")
    cloud.table("imports").delete_item(Key={"pk": "demo", "sk": f"job#{opened.json['import_id']}"})

    run(cloud, event)

    assert objects() == []


def test_all_of_it_known_puts_nothing_on_sale(cloud: InMemory, seller: Shop) -> None:
    file_upload.import_file(cloud, seller, b"A-1", name="a.txt", key="one")

    seen = import_file(cloud, seller, b"A-1\n", name="b.txt", key="two")

    assert (seen["state"], figures(seen)) == ("done", [1, 0, 0, 1, 0])


def test_a_batch_that_is_recalled_before_it_sells_ends_its_import(
    cloud: InMemory, seller: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_import(seller, name="codes.txt")
    keep = Settling.keep_batch

    def recalled(self: Settling, batch: Batch, plan: Plan) -> None:
        keep(self, batch, plan)
        path = f"/v1/merchant/variants/card-50/batches/{batch.batch_id}/recall"
        reply = seller.call("POST", path, {"reason": "leaked"}, key="operator")
        assert reply.status == 200, reply.text

    monkeypatch.setattr(Settling, "keep_batch", recalled)
    run(cloud, upload(opened, b"A-1\nB-2"))

    seen = view(seller, opened)
    assert (seen["state"], seen["taken"]) == ("done", 2)
    assert "recalled" in seen["problem"]
    assert objects() == [f"results/demo/{seen['import_id']}.csv"]
    assert seller.place({"card-50": 1}).problem == "sold-out"
