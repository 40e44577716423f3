"""The merchant's API: a bad code replaced once, unseen codes taken back."""

from typing import Any

import pytest

from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import CODES, Clock
from tests.in_memory import InMemory
from tests.shop import Reply, Shop

VARIANT = "card-50"
DAY_MS = 86_400_000


def bought(shop: Shop, quantity: int = 1) -> Reply:
    placed = shop.place({VARIANT: quantity})
    assert shop.pay(placed).status == 200
    return placed


def available(shop: Shop) -> int:
    stock = shop.call("GET", f"/v1/merchant/variants/{VARIANT}/stock", key="operator")
    return int(stock.json["available"])


def order_item(cloud: InMemory, placed: Reply) -> dict[str, Any]:
    key = {"pk": f"demo#{placed.json['order']['order_id']}"}
    found: dict[str, Any] = cloud.table("orders").get_item(Key=key)["Item"]
    return found


def audited(cloud: InMemory, act: str) -> list[dict[str, Any]]:
    return [each for each in cloud.table("audit").scan()["Items"] if each["act"] == act]


# --- looking


def test_the_first_look_is_kept_in_the_order_and_later_ones_cost_no_write(
    stocked: Shop, cloud: InMemory
) -> None:
    placed = bought(stocked)
    assert order_item(cloud, placed)["revealed_at_ms"] == 0

    stocked.reveal(placed)
    first = order_item(cloud, placed)["revealed_at_ms"]
    stocked.reveal(placed)

    assert order_item(cloud, placed)["revealed_at_ms"] == first > 0


def test_sold_codes_say_whether_they_were_seen(stocked: Shop) -> None:
    seen, unseen = bought(stocked), bought(stocked)
    stocked.reveal(seen)

    told = {each["order_id"]: each["revealed"] for each in stocked.sold_codes(VARIANT)}

    assert told[seen.json["order"]["order_id"]] is True
    assert told[unseen.json["order"]["order_id"]] is False


# --- taking back


def test_what_nobody_saw_goes_back_on_sale_and_its_price_is_owed(stocked: Shop) -> None:
    placed = bought(stocked, 3)

    back = stocked.take_back(placed).json

    assert (back["returned"], back["refund_due_minor"], back["currency"]) == (3, 13_500, "EUR")
    assert available(stocked) == len(CODES)
    order = stocked.read(placed).json
    assert (order["state"], order["lines"][0]["claimed"]) == ("refund_due", 0)
    assert order["refund_due_minor"] == 13_500
    assert stocked.codes(placed) == []
    everything = {code for _ in range(4) for code in stocked.codes(bought(stocked, 10))}
    assert everything == {*CODES}


def test_some_units_are_taken_back_and_the_buyer_keeps_the_others(stocked: Shop) -> None:
    placed = bought(stocked, 3)

    for units in (1, 1, 2):
        back = stocked.take_back(placed, units).json
        assert (back["returned"], back["refund_due_minor"]) == (units, units * 4500)

    assert available(stocked) == len(CODES) - 1
    [kept] = stocked.codes(placed)
    others = {code for number in (9, 10, 10, 10) for code in stocked.codes(bought(stocked, number))}
    assert others == {*CODES} - {kept}


def test_units_over_many_chunks_are_taken_back_in_steps(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrip.domain.line.MAX_SPREAD", 2)
    shop.stock_up(VARIANT, [f"{code}-".ljust(200, "X") for code in CODES])
    placed = bought(shop, 14)

    assert shop.take_back(placed).json["returned"] == 14

    assert available(shop) == len(CODES)


def test_what_was_seen_never_goes_back(stocked: Shop, cloud: InMemory) -> None:
    placed = bought(stocked, 2)
    stocked.reveal(placed)

    with nothing_changes(cloud):
        assert is_refused(stocked.take_back(placed), errors.CodesRevealed)


def test_what_was_destroyed_never_goes_back(stocked: Shop, cloud: InMemory) -> None:
    placed = bought(stocked, 2)
    stocked.shred_unit(placed, unit=1)

    with nothing_changes(cloud):
        assert is_refused(stocked.take_back(placed), errors.CodesRevealed)


def test_an_order_that_does_not_say_whether_it_was_seen_counts_as_seen(
    stocked: Shop, cloud: InMemory
) -> None:
    placed = bought(stocked)
    item = order_item(cloud, placed)
    del item["revealed_at_ms"]
    cloud.table("orders").put_item(Item=item)

    assert [each["revealed"] for each in stocked.sold_codes(VARIANT)] == [True]
    assert is_refused(stocked.take_back(placed), errors.CodesRevealed)
    assert len(stocked.codes(placed)) == 1
    assert order_item(cloud, placed)["revealed_at_ms"] > 0


def test_codes_of_a_recalled_batch_come_back_off_sale(stocked: Shop) -> None:
    placed = bought(stocked, 2)
    stocked.recall(VARIANT)

    assert stocked.take_back(placed).json["refund_due_minor"] == 9000

    assert available(stocked) == 0
    assert is_refused(stocked.place({VARIANT: 1}), errors.SoldOut)


def test_taking_back_is_written_down_once(stocked: Shop, cloud: InMemory) -> None:
    placed = bought(stocked, 2)
    for _ in range(2):
        stocked.take_back(placed)

    [entry] = audited(cloud, "returned")
    assert (entry["line"], entry["units"], entry["reason"]) == (0, 2, "wrong one")
    assert entry["by"] == stocked.keys["operator"].split("_")[2]


def test_what_is_not_there_cannot_be_taken_back(shop: Shop, cloud: InMemory) -> None:
    shop.stock_up(VARIANT, CODES[:3])
    pending, placed = shop.place({VARIANT: 1}), bought(shop, 2)

    with nothing_changes(cloud):
        assert is_refused(shop.take_back(pending), errors.OrderNotReadable)
        assert is_refused(shop.take_back(placed, 3), errors.UnitUnknown)
        assert is_refused(shop.take_back(placed, line=1), errors.UnitUnknown)
    assert (
        shop.call(
            "POST",
            "/v1/merchant/orders/7K2M9Q4XTB3WHD5N/lines/0/return",
            {"reason": "x"},
            key="operator",
        ).problem
        == "order-unknown"
    )


# --- replacing


def test_a_bad_code_is_replaced_and_its_place_shows_the_new_one(
    stocked: Shop, cloud: InMemory
) -> None:
    placed = bought(stocked, 3)
    before = stocked.codes(placed)

    done = stocked.replace(placed, 1)

    assert done.json["unit"] == 1
    shown = stocked.reveal(placed).json["codes"]
    after = [each["code"] for each in shown]
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] not in before
    assert [each["replacement"] for each in shown] == [False, True, False]
    assert available(stocked) == len(CODES) - 4
    marks = [(each["replaced"], each["replacement"]) for each in stocked.sold_codes(VARIANT)]
    assert sorted(marks) == [(False, False), (False, False), (False, True), (True, False)]
    assert stocked.read(placed).json["state"] == "delivered"


def test_replacing_again_finds_it_done_and_another_unit_is_refused(
    stocked: Shop, cloud: InMemory
) -> None:
    placed = bought(stocked, 3)
    first = stocked.replace(placed, 1)

    with nothing_changes(cloud):
        assert stocked.replace(placed, 1).json == first.json
        assert is_refused(stocked.replace(placed, 0), errors.CodeReplaced)
        assert is_refused(stocked.take_back(placed), errors.CodeReplaced)
    [entry] = audited(cloud, "replaced")
    assert (entry["line"], entry["unit"], entry["reason"]) == (0, 1, "used before")


def test_a_bad_code_never_comes_back(stocked: Shop) -> None:
    placed = bought(stocked)
    [bad] = stocked.codes(placed)
    stocked.replace(placed)
    [new] = stocked.codes(placed)

    sold = {code for number in (8, 10, 10, 10) for code in stocked.codes(bought(stocked, number))}

    assert sold == {*CODES} - {bad, new}
    assert is_refused(stocked.place({VARIANT: 1}), errors.SoldOut)


def test_without_stock_nothing_is_replaced_and_later_it_is(shop: Shop, cloud: InMemory) -> None:
    shop.stock_up(VARIANT, CODES[:2])
    placed = bought(shop, 2)

    with nothing_changes(cloud):
        assert is_refused(shop.replace(placed), errors.SoldOut)
    shop.stock_up(VARIANT, CODES[2:4])

    assert shop.replace(placed).status == 200
    assert {*shop.codes(placed)} & {*CODES[2:4]}


@pytest.mark.parametrize(("days", "after_ms", "open_"), [
    (30, 29 * DAY_MS, True),
    (30, 31 * DAY_MS, False),
    (1, DAY_MS + 60_000, False),
    (0, 0, False),
])  # fmt: skip
def test_codes_are_replaced_for_as_long_as_the_shop_says(
    stocked: Shop, clock: Clock, days: int, after_ms: int, open_: bool
) -> None:
    if days != 30:  # which is the default
        stocked.put_variant(VARIANT, replace_days=days)
    placed = bought(stocked)
    clock.ahead_ms += after_ms

    reply = stocked.replace(placed)

    assert reply.status == 200 if open_ else is_refused(reply, errors.ReplacementClosed)


def test_a_replacement_goes_on_past_chunks_that_were_emptied_or_recalled(
    shop: Shop, cloud: InMemory
) -> None:
    shop.stock_up(VARIANT, CODES[:3])
    placed = bought(shop, 2)
    item = order_item(cloud, placed)
    line = item["order_lines"][0]
    line["swap"] = [1, *line["chunk"][:3], 1, False]  # a run that died with its intent
    cloud.table("orders").put_item(Item=item)
    shop.recall(VARIANT)
    old = shop.codes(placed)

    assert is_refused(shop.replace(placed, 1), errors.SoldOut)
    assert "swap" not in order_item(cloud, placed)["order_lines"][0]
    shop.stock_up(VARIANT, CODES[5:7])
    cloud.table("orders").put_item(Item=item)
    assert shop.replace(placed, 1).status == 200

    after = shop.codes(placed)
    assert after[0] == old[0]
    assert after[1] in CODES[5:7]


def test_what_is_not_there_cannot_be_replaced(stocked: Shop, cloud: InMemory) -> None:
    pending, placed = stocked.place({VARIANT: 1}), bought(stocked, 2)

    with nothing_changes(cloud):
        assert is_refused(stocked.replace(pending), errors.OrderNotReadable)
        assert is_refused(stocked.replace(placed, 2), errors.UnitUnknown)
        assert is_refused(stocked.replace(placed, 0, line=3), errors.UnitUnknown)


def test_generated_keys_are_neither_replaced_nor_taken_back(shop: Shop, cloud: InMemory) -> None:
    shop.put_variant("key", kind="generated_key", generated={"pattern": {}})
    placed = shop.place({"key": 1})
    shop.pay(placed)

    with nothing_changes(cloud):
        assert is_refused(shop.replace(placed), errors.UnitUnknown)
        assert is_refused(shop.take_back(placed), errors.UnitUnknown)


def test_a_line_is_a_number(stocked: Shop) -> None:
    for line in ("x", "-1", "20", "0x1"):
        path = f"/v1/merchant/orders/7K2M9Q4XTB3WHD5N/lines/{line}/return"
        reply = stocked.call("POST", path, {"reason": "x"}, key="operator")
        assert is_refused(reply, errors.RequestInvalid), line
