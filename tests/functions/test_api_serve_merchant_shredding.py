"""The merchant's API: codes destroyed for good, and what their buyers are told."""

from collections.abc import Callable

import pytest

from scrip.adapters.vault import SHREDDED
from scrip.domain import errors
from scrip.domain.shredding import BACKUP_DAYS
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import CODES, Clock
from tests.in_memory import InMemory, forget_adapters
from tests.shop import Reply, Shop

DAY_MS = 86_400_000


@pytest.fixture
def sold_out(shop: Shop) -> Reply:
    """The order that took all five codes of a batch."""
    shop.stock_up("card-50", CODES[:5])
    placed = shop.place({"card-50": 5})
    assert shop.pay(placed).status == 200
    return placed


def bought(shop: Shop, quantity: int) -> Reply:
    placed = shop.place({"card-50": quantity})
    assert shop.pay(placed).status == 200
    return placed


def audited(cloud: InMemory, act: str) -> list[dict[str, object]]:
    return [item for item in cloud.table("audit").scan()["Items"] if item["act"] == act]


def test_a_shredded_batch_shows_nothing_any_more_and_alarms_nobody(
    shop: Shop, sold_out: Reply, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(shop.codes(sold_out)) == 5

    done = shop.shred_batch("card-50")

    assert done.status == 200
    assert done.json["gone_at_ms"] - done.json["shredded_at_ms"] == BACKUP_DAYS * DAY_MS
    for _ in range(2):
        assert is_refused(shop.reveal(sold_out), errors.CodesShredded)
        forget_adapters()
    assert '"SealBroken"' not in capsys.readouterr().out


def test_a_batch_is_shredded_once_and_says_when(shop: Shop, sold_out: Reply) -> None:
    first, second = shop.shred_batch("card-50"), shop.shred_batch("card-50")

    assert first.json == second.json


def test_what_was_held_of_a_shredded_batch_never_goes_back_on_sale(
    shop: Shop, cloud: InMemory, clock: Clock
) -> None:
    shop.stock_up("card-50", CODES[:5])
    shop.put_variant("card-50", hold_minutes=5)
    shop.pay(shop.place({"card-50": 4}))
    unpaid = shop.place({"card-50": 1})
    assert shop.shred_batch("card-50").status == 200
    clock.ahead_ms = 10 * 60_000 + 1_000  # its hold, and as long as its provider may take

    assert shop.read(unpaid).json["state"] == "expired"

    stock = shop.call("GET", "/v1/merchant/variants/card-50/stock", key="operator").json
    assert stock["available"] == 0
    assert shop.place({"card-50": 1}).problem == "sold-out"


def test_shredding_is_written_down_with_who_and_why(
    shop: Shop, sold_out: Reply, cloud: InMemory
) -> None:
    shop.shred_batch("card-50")
    shop.shred_batch("card-50")

    [entry] = audited(cloud, "shredded")
    assert entry["pk"] == f"demo#batch#card-50#{shop.batches['card-50']}"
    assert entry["by"] == shop.keys["operator"].split("_")[2]
    assert (entry["reason"], entry["source"]) == ("leaked", "203.0.113.7")


def test_a_batch_with_codes_on_sale_is_not_shredded(shop: Shop, cloud: InMemory) -> None:
    shop.stock_up("card-50", CODES)
    placed = bought(shop, 39)

    with nothing_changes(cloud):
        assert is_refused(shop.shred_batch("card-50"), errors.BatchOnSale)

    bought(shop, 1)
    assert shop.shred_batch("card-50").status == 200
    assert is_refused(shop.reveal(placed), errors.CodesShredded)


def test_another_batch_of_the_variant_goes_on_selling(shop: Shop, sold_out: Reply) -> None:
    old = shop.batches["card-50"]
    shop.stock_up("card-50", CODES[5:10])
    shop.batches["card-50"] = old

    assert shop.shred_batch("card-50").status == 200

    assert len(shop.codes(bought(shop, 2))) == 2


def test_a_batch_nobody_imported_or_of_another_shop_is_unknown(shop: Shop, sold_out: Reply) -> None:
    shop.batches["card-20"] = "0123456789"

    assert is_refused(shop.shred_batch("card-20"), errors.BatchUnknown)


def test_an_import_of_a_shredded_batch_is_refused_when_it_comes_again(
    shop: Shop, sold_out: Reply
) -> None:
    first = shop.import_codes("card-50", CODES[10:12], idempotency_key="again")
    assert first.status == 200
    bought(shop, 2)
    assert shop.shred_batch("card-50").status == 200

    again = shop.import_codes("card-50", CODES[10:12], idempotency_key="again")

    assert is_refused(again, errors.CodesShredded)


def test_one_shredded_code_leaves_the_others(shop: Shop, cloud: InMemory) -> None:
    shop.stock_up("card-50", CODES)
    placed = bought(shop, 3)
    before = shop.codes(placed)

    for _ in range(2):
        assert shop.shred_unit(placed, unit=1).status == 200

    shown = shop.reveal(placed).json
    assert [each["code"] for each in shown["codes"]] == [before[0], before[2]]
    assert shown["shredded"] == 1
    [entry] = audited(cloud, "shredded")
    assert (entry["line"], entry["unit"], entry["reason"]) == (0, 1, "leaked")


def test_the_last_shredded_code_of_an_order_says_so(shop: Shop) -> None:
    shop.stock_up("card-50", CODES)
    placed = bought(shop, 1)
    shop.shred_unit(placed)

    assert is_refused(shop.reveal(placed), errors.CodesShredded)


def test_a_shredded_code_leaves_its_index_and_nothing_of_itself(
    shop: Shop, cloud: InMemory
) -> None:
    shop.stock_up("card-50", CODES)
    placed = bought(shop, 1)
    [before] = claims(cloud)

    shop.shred_unit(placed)

    [after] = claims(cloud)
    assert after[:4] == before[:4]
    assert before[4:] not in after
    assert len(after) == 4 + 16


@pytest.mark.parametrize(("line", "unit"), [(1, 0), (0, 3), (0, 49), (19, 0)])
def test_a_code_that_the_order_has_not_is_unknown(shop: Shop, line: int, unit: int) -> None:
    shop.stock_up("card-50", CODES)

    assert is_refused(shop.shred_unit(bought(shop, 3), line, unit), errors.UnitUnknown)


def test_an_order_without_codes_has_none_to_shred(shop: Shop) -> None:
    shop.stock_up("card-50", CODES)

    assert is_refused(shop.shred_unit(shop.place({"card-50": 1})), errors.OrderNotReadable)


def test_a_code_of_a_shredded_batch_is_gone_already(shop: Shop, sold_out: Reply) -> None:
    shop.shred_batch("card-50")

    assert is_refused(shop.shred_unit(sold_out), errors.CodesShredded)


def test_who_blanks_a_code_out_breaks_a_seal(
    shop: Shop, cloud: InMemory, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.stock_up("card-50", CODES)
    one, other = bought(shop, 1), bought(shop, 1)
    shop.shred_unit(one)
    # The mark of one code, put in the place of another: as whoever writes the table could.
    [mark] = [each for each in claims(cloud) if len(each) == 20]
    change_claims(cloud, lambda old: old if old == mark else old[:4] + mark[4:])

    assert is_refused(shop.reveal(other), errors.SealBroken)
    assert is_refused(shop.reveal(one), errors.CodesShredded)
    change_claims(cloud, lambda old: old[:4])
    assert is_refused(shop.reveal(one), errors.SealBroken)
    assert capsys.readouterr().out.count('"SealBroken":[1.0]') == 2


def test_who_blanks_a_batch_out_breaks_a_seal(shop: Shop, sold_out: Reply, cloud: InMemory) -> None:
    [batch] = [item for item in cloud.table("stock").scan()["Items"] if "sealed_key" in item]

    [merchant] = [m for m in cloud.table("merchants").scan()["Items"] if "order_key" in m]
    another = bytes(merchant["order_key"])  # sealed by the same key of KMS, for something else

    for forged in (SHREDDED + another, SHREDDED + bytes(batch["sealed_key"]), another):
        cloud.table("stock").put_item(Item={**batch, "sealed_key": forged, "shredded_at_ms": 1})
        assert is_refused(shop.reveal(sold_out), errors.SealBroken)


def claims(cloud: InMemory) -> list[bytes]:
    items = cloud.table("stock").scan()["Items"]
    return [bytes(code) for item in items for code in item.get("claimed", {}).values()]


def change_claims(cloud: InMemory, change: Callable[[bytes], bytes]) -> None:
    for item in cloud.table("stock").scan()["Items"]:
        for unit, old in item.get("claimed", {}).items():
            item["claimed"][unit] = change(bytes(old))
        cloud.table("stock").put_item(Item=item)


def test_a_key_that_was_made_has_no_sealed_code_to_shred(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {"kind": "generated_key", "generated": {"pattern": {}}, "supply": "counted"}
    shop.put_variant("seat", **made)
    assert shop.add_units("seat", 2, idempotency_key="units").status == 200
    placed = shop.place({"seat": 1})
    assert shop.pay(placed).status == 200

    assert is_refused(shop.shred_unit(placed), errors.UnitUnknown)
    assert '"SealBroken"' not in capsys.readouterr().out
    assert len(shop.codes(placed)) == 1


def test_a_shredded_batch_can_be_recalled(shop: Shop, sold_out: Reply) -> None:
    assert shop.shred_batch("card-50").status == 200

    recalled = shop.recall("card-50")

    assert (recalled.status, recalled.json["complete"]) == (200, True)
