"""The merchant's API: codes leave the stock by two people's word, each with a file of their own."""

from typing import Any

import pytest

from scrip.domain import errors
from scrip.domain.export import APPROVE_WITHIN_MS, DOWNLOAD_WITHIN_MS, MAX_CODES
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import CODES, Clock
from tests.in_memory import InMemory, forget_adapters
from tests.shop import Reply, Shop

FIRST, SECOND = "operator", "second operator"


@pytest.fixture
def asked(stocked: Shop) -> Reply:
    """The first operator asks for 30 of 40 codes."""
    reply = stocked.ask_export("card-50", 30)
    assert reply.status == 201, reply.text
    return reply


def available(shop: Shop) -> int:
    reply = shop.call("GET", "/v1/merchant/variants/card-50/stock", key="finance")
    level: int = reply.json["available"]
    return level


def rows(file: Reply) -> list[str]:
    return file.text.splitlines()[2:]


def codes_in(file: Reply) -> set[str]:
    return {row.split(",")[0].strip('"') for row in rows(file)}


def issue(shop: Shop, key: str = FIRST) -> str:
    body = {"scope": "operator", "label": "another"}
    secret: str = shop.call("POST", "/v1/merchant/keys", body, key=key).json["secret"]
    return secret


def test_codes_leave_the_stock_when_another_approves_and_both_may_have_them(
    stocked: Shop, asked: Reply, cloud: InMemory
) -> None:
    assert (asked.json["state"], available(stocked)) == ("requested", 40)

    approved = stocked.export(asked, "approve", key=SECOND)

    assert (approved.json["state"], approved.json["claimed"]) == ("ready", 30)
    assert available(stocked) == 10
    files = [stocked.export(asked, "download", key=key) for key in (FIRST, SECOND)]
    assert files[0].headers["content-type"] == "text/csv"
    assert codes_in(files[0]) == codes_in(files[1]) < set(CODES)
    assert len(codes_in(files[0])) == 30
    placed = stocked.place({"card-50": 10})
    stocked.pay(placed)
    assert codes_in(files[0]) | set(stocked.codes(placed)) == set(CODES)


def test_each_has_a_file_of_their_own_and_the_same_again(stocked: Shop, asked: Reply) -> None:
    stocked.export(asked, "approve", key=SECOND)

    first, second = (stocked.export(asked, "download", key=key) for key in (FIRST, SECOND))
    forget_adapters()
    again = stocked.export(asked, "download")

    key_id = stocked.keys[FIRST].split("_")[2]
    assert first.text.startswith(f'# export {asked.json["export_id"]} for key {key_id} "test"')
    assert rows(first) == rows(again) != rows(second)
    assert sorted(codes_in(first)) == sorted(codes_in(second))
    assert [row.split(",")[0].strip('"') for row in rows(first)] != [
        row.split(",")[0].strip('"') for row in rows(second)
    ]


def test_every_step_is_written_down(stocked: Shop, asked: Reply, cloud: InMemory) -> None:
    stocked.export(asked, "approve", key=SECOND)
    stocked.export(asked, "download")

    found = cloud.table("audit").scan()["Items"]
    steps = sorted((item["sk"], item["act"], item["by"]) for item in found)

    first, second = (stocked.keys[key].split("_")[2] for key in (FIRST, SECOND))
    assert [step[1:] for step in steps] == [
        ("export_requested", first),
        ("export_approved", second),
        ("export_downloaded", first),
    ]
    assert {item["pk"] for item in found} == {f"demo#{asked.json['export_id']}"}


@pytest.mark.parametrize("verb", ["approve", "download"])
def test_who_asked_cannot_do_it_alone(
    stocked: Shop, asked: Reply, cloud: InMemory, verb: str
) -> None:
    expected = {"approve": errors.ExportKeyRefused, "download": errors.ExportNotOpen}[verb]

    with nothing_changes(cloud):
        assert is_refused(stocked.export(asked, verb), expected)


def test_a_key_that_a_key_issued_is_no_second_person(stocked: Shop, asked: Reply) -> None:
    sock_puppet = issue(stocked)

    assert is_refused(stocked.export(asked, "approve", key=sock_puppet), errors.ExportKeyRefused)
    assert is_refused(stocked.export(asked, "refuse", key=sock_puppet), errors.ExportKeyRefused)
    assert is_refused(stocked.ask_export("card-50", 1, key=sock_puppet), errors.ExportKeyRefused)
    assert is_refused(
        stocked.export(asked, "approve", key=issue(stocked, sock_puppet)), errors.ExportKeyRefused
    )
    listed = stocked.call("GET", "/v1/merchant/keys", key=FIRST).json["keys"]
    assert {key["issued_by"] for key in listed} >= {None, stocked.keys[FIRST].split("_")[2]}


def test_a_third_person_cannot_download(stocked: Shop, asked: Reply) -> None:
    stocked.export(asked, "approve", key=SECOND)

    third = stocked.export(asked, "download", key=issue(stocked))

    assert is_refused(third, errors.ExportKeyRefused)


def test_a_refused_export_changes_nothing_and_stays_refused(stocked: Shop, asked: Reply) -> None:
    assert stocked.export(asked, "refuse", key=SECOND).json["state"] == "refused"
    assert stocked.export(asked, "refuse", key=SECOND).json["state"] == "refused"

    assert is_refused(stocked.export(asked, "approve", key=SECOND), errors.ExportNotOpen)
    assert is_refused(stocked.export(asked, "download"), errors.ExportNotOpen)
    assert available(stocked) == 40


def test_an_export_nobody_approved_in_time_changes_nothing(
    stocked: Shop, asked: Reply, clock: Clock
) -> None:
    clock.ahead_ms = APPROVE_WITHIN_MS + 60_000

    assert is_refused(stocked.export(asked, "approve", key=SECOND), errors.ExportNotOpen)
    assert is_refused(stocked.export(asked, "refuse"), errors.ExportNotOpen)
    assert available(stocked) == 40


def test_downloading_ends_after_a_while(stocked: Shop, asked: Reply, clock: Clock) -> None:
    stocked.export(asked, "approve", key=SECOND)
    clock.ahead_ms = DOWNLOAD_WITHIN_MS + 60_000

    assert is_refused(stocked.export(asked, "download"), errors.ExportNotOpen)


def test_an_approved_export_cannot_be_taken_back(stocked: Shop, asked: Reply) -> None:
    stocked.export(asked, "approve", key=SECOND)

    assert is_refused(stocked.export(asked, "refuse"), errors.ExportNotOpen)
    assert stocked.export(asked, "approve", key=SECOND).json["claimed"] == 30


def test_asking_again_is_the_same_export(stocked: Shop, asked: Reply) -> None:
    assert stocked.ask_export("card-50", 30).json == asked.json
    other = _ask(stocked, codes=29)
    assert is_refused(other, errors.IdempotencyKeyReused)
    assert is_refused(stocked.ask_export("card-50", 30, key=SECOND), errors.IdempotencyKeyReused)


def test_more_than_there_is_gives_what_there_is(stocked: Shop) -> None:
    asked = stocked.ask_export("card-50", MAX_CODES)

    approved = stocked.export(asked, "approve", key=SECOND).json

    assert (approved["state"], approved["claimed"]) == ("ready", 40)
    assert codes_in(stocked.export(asked, "download")) == set(CODES)
    assert available(stocked) == 0


def test_hundreds_of_codes_of_one_chunk_row_leave_at_once(shop: Shop) -> None:
    shop.stock_up("card-50", [f"{n:04d}" for n in range(300)])
    asked = shop.ask_export("card-50", 250)

    shop.export(asked, "approve", key=SECOND)

    assert len(codes_in(shop.export(asked, "download"))) == 250
    assert available(shop) == 50


@pytest.mark.parametrize("codes", [0, MAX_CODES + 1])
def test_one_to_a_thousand_codes_are_asked_for(stocked: Shop, codes: int) -> None:
    assert is_refused(_ask(stocked, codes=codes), errors.RequestInvalid)


def test_what_is_not_there_cannot_be_exported(stocked: Shop, asked: Reply) -> None:
    assert is_refused(stocked.ask_export("no-such", 1), errors.VariantUnknown)
    path = "/v1/merchant/exports/0000000000000000"
    assert is_refused(stocked.call("GET", path, key="finance"), errors.ExportUnknown)
    path = f"/v1/merchant/exports/{asked.json['export_id']}"
    assert stocked.call("GET", path, key="finance").json == asked.json


def test_a_tampered_code_stops_the_download(
    stocked: Shop, asked: Reply, cloud: InMemory, capsys: pytest.CaptureFixture[str]
) -> None:
    stocked.export(asked, "approve", key=SECOND)
    for item in cloud.table("stock").scan()["Items"]:
        for unit, sealed in item.get("claimed", {}).items():
            item["claimed"][unit] = bytes(sealed)[:-1] + b"x"
            cloud.table("stock").put_item(Item=item)

    assert is_refused(stocked.export(asked, "download"), errors.SealBroken)
    assert '"SealBroken":[1.0]' in capsys.readouterr().out


def _ask(shop: Shop, **body: Any) -> Reply:
    return shop.call(
        "POST",
        "/v1/merchant/variants/card-50/exports",
        {"codes": 30, "reason": "moving house"} | body,
        key=FIRST,
        headers={"idempotency-key": "export-card-50-30"},
    )
