"""Orders in their table: each move once, seen by all who move at the same time."""

from dataclasses import replace
from typing import Any

import pytest

from scrip.adapters.follow_ups import BY_FOLLOW_UP
from scrip.adapters.order_items import SHARDS
from scrip.adapters.orders import BEGINNING, BY_DUE, BY_MERCHANT, Orders
from scrip.adapters.tables import Item, encode_item
from scrip.domain.money import Money
from scrip.domain.order import (
    ClosedOrder,
    DeliveredOrder,
    ExpiredOrder,
    OrderMoved,
    Payable,
    PendingOrder,
    listing_place,
)
from scrip.domain.order_access import CROCKFORD
from scrip.domain.outcome import Action, Case, Stray
from scrip.domain.stock import ChunkRef
from tests.adapters.faults import Faults
from tests.domain.making import NOW_MS, ORDER_ID, WINDOW_MS, line, payment, pending
from tests.item_size import WRITE_UNIT, item_bytes

LATER_MS = NOW_MS + 5_000
ELSEWHERE = ChunkRef("0a1b2c3d4e", 7, 7)
FOREVER = "9" * 13


def closed_of(order: Payable, units: int = 1) -> ClosedOrder:
    """The order paid, with so many units of its first line claimed."""
    first = order.lines[0].picked(units) if units else order.lines[0]
    return order.with_line(first).pay(payment(order.total.amount_minor)).settle(LATER_MS)


def placed(orders: Orders, order: PendingOrder | None = None) -> PendingOrder:
    order = order or pending()
    assert orders.place(order) == order
    return order


def stored(orders: Orders, order_id: str = ORDER_ID) -> Item:
    item = orders.table.get({"pk": f"demo#{order_id}"})
    assert item is not None
    return item


def now_is(orders: Orders) -> Any:
    return orders.find("demo", ORDER_ID, consistent=True)


def test_an_order_is_found_as_it_was_placed(orders: Orders) -> None:
    order = placed(orders, pending(line(0, 2), line(1, price=100, variant="card-1")))

    assert now_is(orders) == order
    assert orders.find("demo", "0" * 16) is None
    assert orders.find("other", ORDER_ID) is None


def test_placing_twice_answers_the_first(orders: Orders) -> None:
    first = placed(orders)

    again = orders.place(replace(pending(line(0, 9)), payment_ref="pi_2"))

    assert again == first == now_is(orders)


@pytest.mark.parametrize("units", [0, 1, 2])
def test_a_closed_order_is_found_as_it_was_closed(orders: Orders, units: int) -> None:
    order = placed(orders, pending(line(0, 2)))
    closed = closed_of(order, units)

    orders.close(order, closed)

    assert now_is(orders) == closed
    assert isinstance(closed, DeliveredOrder) == (units == 2)


def test_an_expired_order_is_found_as_it_expired_and_goes_in_time(orders: Orders) -> None:
    order = placed(orders)
    expired = order.expire(NOW_MS + WINDOW_MS)

    orders.expire(order, expired)

    assert now_is(orders) == expired
    assert stored(orders)["delete_at"] > (NOW_MS + WINDOW_MS) // 1000 + 365 * 86_400


def test_late_money_keeps_an_expired_order(orders: Orders) -> None:
    order = placed(orders)
    expired = order.expire(NOW_MS + WINDOW_MS)
    orders.expire(order, expired)

    orders.close(expired, closed_of(expired))

    assert isinstance(now_is(orders), DeliveredOrder)
    assert "delete_at" not in stored(orders)


def test_pointing_a_line_elsewhere_keeps_its_picks(orders: Orders) -> None:
    order = placed(orders, pending(line(0, 3), line(1, variant="card-1")))
    moved = order.lines[0].picked(1).pointed_at(ELSEWHERE)

    orders.point(order, moved)

    assert now_is(orders) == order.with_line(moved)


def test_a_pointer_that_was_moved_is_not_moved_again(orders: Orders) -> None:
    order = placed(orders)
    orders.point(order, order.lines[0].pointed_at(ELSEWHERE))

    with pytest.raises(OrderMoved) as moved:
        orders.point(order, order.lines[0].pointed_at(ChunkRef("0a1b2c3d4e", 9, 9)))

    assert moved.value.order == now_is(orders)
    assert now_is(orders).lines[0].chunk == ELSEWHERE


def test_an_order_whose_pointer_moved_is_not_closed(orders: Orders) -> None:
    order = placed(orders, pending(line(0), line(1, variant="card-1")))
    orders.point(order, order.lines[1].pointed_at(ELSEWHERE))

    with pytest.raises(OrderMoved) as moved:
        orders.close(order, closed_of(order))

    assert isinstance(moved.value.order, PendingOrder)
    assert moved.value.order.lines[1].chunk == ELSEWHERE
    assert now_is(orders) == moved.value.order


def test_an_order_is_closed_once(orders: Orders) -> None:
    order = placed(orders, pending(line(0, 2)))
    orders.close(order, closed_of(order, 2))

    with pytest.raises(OrderMoved) as moved:
        orders.close(order, closed_of(order, 1))

    assert moved.value.order == closed_of(order, 2) == now_is(orders)


def test_closing_wins_over_expiring(orders: Orders) -> None:
    order = placed(orders)
    orders.close(order, closed_of(order))

    with pytest.raises(OrderMoved) as moved:
        orders.expire(order, order.expire(NOW_MS + WINDOW_MS))

    assert isinstance(moved.value.order, DeliveredOrder)
    assert "delete_at" not in stored(orders)


def test_expiring_wins_over_closing_which_then_starts_from_there(orders: Orders) -> None:
    order = placed(orders)
    orders.expire(order, order.expire(NOW_MS + WINDOW_MS))

    with pytest.raises(OrderMoved) as moved:
        orders.close(order, closed_of(order))
    assert isinstance(moved.value.order, ExpiredOrder)

    orders.close(moved.value.order, closed_of(moved.value.order))
    assert isinstance(now_is(orders), DeliveredOrder)


def test_moving_an_order_that_is_gone_is_a_bug(orders: Orders) -> None:
    with pytest.raises(LookupError, match="gone"):
        orders.close(pending(), closed_of(pending()))


def beside(transaction: str, case: Case = Case.SECOND, amount: int = 4500) -> Stray:
    return Stray(payment(amount, transaction=transaction), case, Action.REFUND)


def test_money_beside_an_order_is_recorded_once(orders: Orders) -> None:
    order = placed(orders)
    orders.close(order, closed_of(order))
    now = now_is(orders)

    orders.add_stray(now, beside("pi_3"), 1)
    orders.add_stray(now, beside("pi_2"), 1)
    with pytest.raises(OrderMoved):
        orders.add_stray(now, beside("pi_2", amount=1), 1)
    orders.add_stray(now, beside("pi_2", Case.CHANGED, amount=1), 1)

    record = orders.find_record("demo", ORDER_ID, consistent=True)
    assert record is not None
    assert record.strays == (beside("pi_2"), beside("pi_2", Case.CHANGED, 1), beside("pi_3"))
    assert record.order == closed_of(order)


def test_money_that_stands_beside_an_order_does_not_settle_it(orders: Orders) -> None:
    order = placed(orders)
    orders.add_stray(order, beside("pi_00000001", Case.SHORT, 1), 1)

    with pytest.raises(OrderMoved):
        orders.close(order, closed_of(order))

    assert now_is(orders) == order


def test_money_beside_an_order_that_moved_on_is_looked_at_again(orders: Orders) -> None:
    order = placed(orders)
    orders.close(order, closed_of(order))

    with pytest.raises(OrderMoved):
        orders.add_stray(order, beside("pi_2", Case.SHORT), 1)


def test_an_expired_order_with_money_beside_it_is_kept(orders: Orders) -> None:
    order = placed(orders)
    expired = order.expire(order.expires_at_ms)
    orders.expire(order, expired)

    orders.add_stray(expired, beside("pi_2", Case.LATE), 1)

    item = orders.table.get({"pk": f"demo#{ORDER_ID}"})
    assert item is not None
    assert "delete_at" not in item


def test_closing_leaves_what_the_indexes_hold(orders: Orders) -> None:
    indexes = orders.table.client.describe_table(TableName=orders.table.name)["Table"][
        "GlobalSecondaryIndexes"
    ]
    keys = [key for index in indexes for key in index["KeySchema"]]
    names = {key["AttributeName"] for key in keys} | {"pk"}
    order = placed(orders, pending(replace(line(), held=True)))
    before = {name: stored(orders).get(name) for name in names}

    orders.point(order, order.lines[0].pointed_at(ELSEWHERE))
    orders.close(now_is(orders), closed_of(now_is(orders)))

    assert {index["IndexName"] for index in indexes} == {BY_MERCHANT, BY_DUE, BY_FOLLOW_UP}
    assert {index["Projection"]["ProjectionType"] for index in indexes} == {"KEYS_ONLY"}
    assert {name: stored(orders).get(name) for name in names} == before
    assert before["follow_up"] is None


@pytest.mark.parametrize("payment_ref", ["pi_" + "x" * 24, "cs_live_" + "x" * 58])
@pytest.mark.parametrize("units", [1, 0])
def test_an_order_of_one_line_is_one_write_unit_before_and_after(
    orders: Orders, payment_ref: str, units: int
) -> None:
    """The longest names there are, and an address of 64 characters."""
    variant, merchant_id = "v" * 32, "m" * 20
    chunk = ChunkRef("0a1b2c3d4e", 4999, 99_999)
    draft = pending(line(0, 1, variant=variant, chunk=chunk), merchant_id=merchant_id)
    order = replace(draft, email="b" * 52 + "@example.com", payment_ref=payment_ref)
    pk = {"pk": f"{merchant_id}#{ORDER_ID}"}

    orders.place(order)
    before = orders.table.get(pk)
    claimed = order.with_line(order.lines[0].picked(units)) if units else order
    paid = claimed.pay(payment(transaction="pi_" + "x" * 24))
    orders.close(order, paid.settle(LATER_MS))
    after = orders.table.get(pk)

    assert before is not None
    assert after is not None
    assert item_bytes(encode_item(before)) <= WRITE_UNIT
    assert item_bytes(encode_item(after)) <= WRITE_UNIT


def placed_many(orders: Orders, count: int, merchant_id: str = "demo") -> list[str]:
    """Orders a second apart, over all shards; their places, oldest first."""
    places = []
    for number in range(count):
        symbol = CROCKFORD[number * 7 % 32]
        order_id = symbol + f"{number:015d}"
        order = replace(
            pending(merchant_id=merchant_id, order_id=order_id),
            placed_at_ms=NOW_MS + 1000 * number,
        )
        orders.place(order)
        places.append(listing_place(order.placed_at_ms, order_id))
    return places


def test_orders_are_listed_over_all_shards_in_their_order(orders: Orders, met: Faults) -> None:
    places = placed_many(orders, 12)

    oldest = orders.listed("demo", BEGINNING, FOREVER, 100, newest_first=False)
    newest = orders.listed("demo", BEGINNING, FOREVER, 100, newest_first=True)

    assert [record.place for record in oldest] == places
    assert [record.place for record in newest] == places[::-1]
    asked = {
        parameters["ExpressionAttributeValues"][":shard"]["S"]
        for name, parameters in met.calls
        if name == "Query"
    }
    assert asked == {f"demo#{shard}" for shard in range(SHARDS)}


def test_shards_share_the_load(orders: Orders) -> None:
    placed_many(orders, 32)

    per_shard = [
        len(list(orders.table.query("listing = :l", {":l": f"demo#{n}"}, index=BY_MERCHANT)))
        for n in range(SHARDS)
    ]

    assert per_shard == [8] * SHARDS


@pytest.mark.parametrize("limit", [1, 3, 5])
def test_pages_follow_each_other_without_gap_or_overlap(orders: Orders, limit: int) -> None:
    places, since, seen = placed_many(orders, 12), BEGINNING, list[str]()

    while page := orders.listed("demo", since, FOREVER, limit, newest_first=False):
        assert len(page) <= limit
        seen += [record.place for record in page]
        since = page[-1].place + "~"

    assert seen == places


def test_a_list_holds_what_lies_between_its_bounds(orders: Orders) -> None:
    places = placed_many(orders, 6)

    found = orders.listed("demo", places[1], places[3], 100, newest_first=False)
    by_time = orders.listed(
        "demo", listing_place(NOW_MS + 1000), listing_place(NOW_MS + 3000), 9, newest_first=False
    )

    assert [record.place for record in found] == places[1:4]
    assert [record.place for record in by_time] == places[1:3]


def test_merchants_see_their_own_orders(orders: Orders) -> None:
    placed_many(orders, 3)
    placed_many(orders, 2, "other")

    assert len(orders.listed("demo", BEGINNING, FOREVER, 100, newest_first=True)) == 3
    assert len(orders.listed("other", BEGINNING, FOREVER, 100, newest_first=True)) == 2
    assert orders.listed("nobody", BEGINNING, FOREVER, 100, newest_first=True) == []


def test_the_expiry_mark_begins_before_every_order(orders: Orders) -> None:
    [place] = placed_many(orders, 1)

    [record] = orders.listed("demo", orders.mark("demo", "expiry"), place, 1, newest_first=False)

    assert record.place == place


def test_the_expiry_mark_moves_on_once(orders: Orders) -> None:
    begin = orders.mark("demo", "expiry")

    orders.set_mark("demo", "expiry", begin, "5")
    orders.set_mark("demo", "expiry", begin, "7")
    assert orders.mark("demo", "expiry") == "5"

    orders.set_mark("demo", "expiry", "5", "8")
    orders.set_mark("demo", "expiry", "5", "9")
    assert (orders.mark("demo", "expiry"), orders.mark("other", "expiry")) == ("8", begin)


def test_an_order_in_a_state_nobody_knows_is_a_bug(orders: Orders) -> None:
    placed(orders)
    orders.table.update(
        {"pk": f"demo#{ORDER_ID}"},
        "SET #state = :x",
        names={"#state": "state"},
        values={":x": "lost"},
    )

    with pytest.raises(ValueError, match="unknown state 'lost'"):
        now_is(orders)


def test_money_keeps_its_currency_through_the_table(orders: Orders) -> None:
    order = placed(orders, pending(line(0, 3, price=1200, currency="JPY")))
    closed = order.pay(payment(3600, "JPY")).settle(LATER_MS)

    orders.close(order, closed)

    assert now_is(orders).refund_due == Money(3600, "JPY")
