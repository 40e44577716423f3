"""Orders whose top-ups end one by one, in their table: each end once, however many come at once."""

from typing import Any

import pytest

from scrip.adapters.follow_ups import FollowUps
from scrip.adapters.order_items import FROZEN_BY
from scrip.adapters.orders import Orders, Write, move
from scrip.adapters.refunds import Refunds
from scrip.adapters.tables import ConditionFailed, Item, encode_item
from scrip.domain.follow_up import SAFETY_NET_MS, FollowUp
from scrip.domain.line import Fate, Line
from scrip.domain.order import (
    DeliveredOrder,
    FulfillingOrder,
    OrderMoved,
    RefundDueOrder,
    SettledOrder,
)
from scrip.domain.outcome import Action, Case, Stray
from tests.domain.making import NOW_MS, ORDER_ID, line, payment, pending, top_up
from tests.item_size import WRITE_UNIT, item_bytes

SETTLED_MS, ENDED_MS = NOW_MS + 5_000, NOW_MS + 90_000
DONE, FAILED = Fate.DONE, Fate.FAILED
PLACE = ("follow_up_at", "follow_up_since")


def fulfilling(orders: Orders, *lines: Line, paid: int = 0) -> FulfillingOrder:
    order = pending(*lines)
    assert orders.place(order) == order
    closed = order.pay(payment(paid or order.total.amount_minor)).settle(SETTLED_MS)
    orders.close(order, closed)
    assert isinstance(closed, FulfillingOrder)
    return closed


def now_is(orders: Orders) -> Any:
    return orders.find("demo", ORDER_ID, consistent=True)


def stored(orders: Orders) -> Item:
    item = orders.table.get({"pk": f"demo#{ORDER_ID}"}, consistent=True)
    assert item is not None
    return item


def place(orders: Orders) -> tuple[int, int] | None:
    item = stored(orders)
    return (item[PLACE[0]], item[PLACE[1]]) if PLACE[0] in item else None


def end(
    orders: Orders, number: int, unit: int, fate: Fate = DONE, *, look_ms: int = 0
) -> SettledOrder:
    seen = now_is(orders)
    ended: SettledOrder = seen.end_unit(number, unit, fate, ENDED_MS)
    orders.end_unit(seen, ended, ENDED_MS, look_ms)
    return ended


def test_a_fulfilling_order_is_found_as_it_was_settled(orders: Orders) -> None:
    order = fulfilling(orders, top_up(0, 3), line(1).picked(1))

    assert now_is(orders) == order
    assert stored(orders)["order_lines"][0]["fates"] == "ooo"


def test_settling_puts_it_on_the_worklist_for_later(orders: Orders) -> None:
    fulfilling(orders, top_up())

    assert place(orders) == (SETTLED_MS + SAFETY_NET_MS, SETTLED_MS)
    follow_ups = FollowUps(orders.table)
    assert follow_ups.due(SETTLED_MS + SAFETY_NET_MS - 1, 10) == []
    [due] = follow_ups.due(SETTLED_MS + SAFETY_NET_MS, 10)
    assert due.order_id == ORDER_ID


def test_what_it_owes_when_it_is_settled_is_due_at_once(orders: Orders) -> None:
    fulfilling(orders, top_up(), paid=1001)

    assert place(orders) == (SETTLED_MS, SETTLED_MS)


def test_ends_are_written_one_by_one_and_the_last_one_delivers(orders: Orders) -> None:
    fulfilling(orders, top_up(0, 2), top_up(1))

    end(orders, 0, 1)
    end(orders, 1, 0)
    closed = end(orders, 0, 0)

    assert isinstance(closed, DeliveredOrder)
    assert now_is(orders) == closed
    assert place(orders) is None
    assert "follow_up" not in stored(orders)


def test_a_receipt_is_written_with_its_end_and_stays(orders: Orders) -> None:
    seen = fulfilling(orders, top_up(0, 2), top_up(1), line(2).picked(1))
    assert "receipts" not in stored(orders)["order_lines"][0]

    first = seen.end_unit(0, 1, DONE, ENDED_MS, "DE24")
    orders.end_unit(seen, first, ENDED_MS)
    end(orders, 0, 0)
    closed = end(orders, 1, 0, FAILED)
    orders.table.update({"pk": f"demo#{ORDER_ID}"}, **by(move(closed, closed.give_back(2, 1))))

    after = now_is(orders)
    assert [each.receipts for each in after.lines] == [("", "DE24"), (), ()]
    assert after.lines[2].returned == 1


def by(write: Write) -> dict[str, Any]:
    return write._asdict()


def test_one_that_may_be_taken_back_moves_on_there(orders: Orders) -> None:
    fulfilling(orders, top_up(0, 2))

    end(orders, 0, 1)
    closed = end(orders, 0, 0, look_ms=3_600_000)

    assert (now_is(orders), closed.state) == (closed, "delivered")
    assert place(orders) == (ENDED_MS + 3_600_000, ENDED_MS)


def test_one_that_may_be_taken_back_keeps_the_order_there_until_the_others_end(
    orders: Orders,
) -> None:
    fulfilling(orders, top_up(0, 2))

    end(orders, 0, 1, look_ms=3_600_000)
    assert place(orders) == (SETTLED_MS + SAFETY_NET_MS, ENDED_MS)
    end(orders, 0, 0)

    assert place(orders) == (SETTLED_MS + SAFETY_NET_MS, ENDED_MS)
    assert now_is(orders).state == "delivered"


def test_what_failed_is_due_at_once(orders: Orders) -> None:
    fulfilling(orders, top_up(0, 3))

    failed = end(orders, 0, 1, FAILED)

    assert (now_is(orders), failed.owed_minor) == (failed, 1000)
    assert isinstance(failed, FulfillingOrder)
    assert place(orders) == (ENDED_MS, ENDED_MS)


def test_an_end_that_owes_no_more_leaves_its_place(orders: Orders) -> None:
    fulfilling(orders, top_up(0, 3))

    end(orders, 0, 1)

    assert place(orders) == (SETTLED_MS + SAFETY_NET_MS, SETTLED_MS)


def test_one_that_comes_to_owe_money_is_due_at_once(orders: Orders) -> None:
    fulfilling(orders, top_up())

    closed = end(orders, 0, 0, FAILED)

    assert isinstance(closed, RefundDueOrder)
    assert now_is(orders) == closed
    assert place(orders) == (ENDED_MS, ENDED_MS)


@pytest.mark.parametrize("second", [(0, 0, DONE), (1, 0, FAILED)])
def test_two_ends_at_once_are_both_written_and_close_it(
    orders: Orders, second: tuple[int, int, Fate]
) -> None:
    seen = fulfilling(orders, top_up(0, 2 if second[0] == 0 else 1), *([top_up(1)] * second[0]))
    first = (0, 1, DONE) if second[0] == 0 else (0, 0, DONE)
    orders.end_unit(seen, seen.end_unit(*first, ENDED_MS), ENDED_MS)

    with pytest.raises(OrderMoved) as moved:
        orders.end_unit(seen, seen.end_unit(*second, ENDED_MS), ENDED_MS)

    now = moved.value.order
    assert isinstance(now, FulfillingOrder)
    closed = now.end_unit(*second, ENDED_MS)
    orders.end_unit(now, closed, ENDED_MS)
    assert now_is(orders) == closed
    assert not closed.in_progress


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("fate", [DONE, FAILED])
def test_an_end_whose_answer_was_lost_is_found_when_it_is_repeated(
    orders: Orders, units: int, fate: Fate
) -> None:
    seen = fulfilling(orders, top_up(0, units))
    ended = seen.end_unit(0, 0, fate, ENDED_MS)
    orders.end_unit(seen, ended, ENDED_MS)

    with pytest.raises(OrderMoved) as moved:
        orders.end_unit(seen, ended, ENDED_MS)

    assert moved.value.order == ended == now_is(orders)


def test_a_place_that_somebody_moved_is_left(orders: Orders) -> None:
    fulfilling(orders, top_up())
    follow_ups = FollowUps(orders.table)
    at_ms = SETTLED_MS + SAFETY_NET_MS
    assert follow_ups.move(FollowUp("demo", ORDER_ID, at_ms), at_ms + 60_000)

    closed = end(orders, 0, 0)

    assert now_is(orders) == closed
    assert place(orders) == (at_ms + 60_000, SETTLED_MS)


def test_what_else_is_to_be_done_keeps_its_place(orders: Orders) -> None:
    order = fulfilling(orders, top_up())
    stray = Stray(payment(transaction="pi_2"), Case.SECOND, Action.REFUND)
    orders.add_stray(order, stray, SETTLED_MS + SAFETY_NET_MS)

    end(orders, 0, 0)

    assert place(orders) == (SETTLED_MS + SAFETY_NET_MS,) * 2


def test_an_order_that_is_frozen_still_learns_what_became_of_it(orders: Orders) -> None:
    fulfilling(orders, top_up(), line(1).picked(1))
    key = {"pk": f"demo#{ORDER_ID}"}
    orders.table.update(key, f"ADD {FROZEN_BY} :who", values={":who": {"shop"}})

    closed = end(orders, 0, 0)

    assert closed.frozen
    assert now_is(orders) == closed


def test_what_came_to_be_owed_meanwhile_is_in_the_way(orders: Orders) -> None:
    seen = fulfilling(orders, top_up(0, 2))
    assert Refunds(orders.table).owe(seen, seen.owe(500), ENDED_MS)

    with pytest.raises(OrderMoved):
        orders.end_unit(seen, seen.end_unit(0, 0, FAILED, ENDED_MS), ENDED_MS)

    assert end(orders, 0, 0, FAILED).owed_minor == 1500


def test_owing_more_is_decided_by_what_it_owed(orders: Orders) -> None:
    seen = fulfilling(orders, top_up(0, 2))
    end(orders, 0, 0, FAILED)

    assert not Refunds(orders.table).owe(seen, seen.owe(500), ENDED_MS)


def test_a_reversal_is_written_wherever_the_order_stands(orders: Orders) -> None:
    fulfilling(orders, top_up())
    delivered = end(orders, 0, 0)

    reversed_ = delivered.reverse_unit(0, 0)
    orders.end_unit(delivered, reversed_, ENDED_MS + 1)

    assert now_is(orders) == reversed_
    assert place(orders) == (ENDED_MS + 1, ENDED_MS + 1)
    owing = reversed_.owe(1000)
    orders.end_unit(reversed_, owing, ENDED_MS + 2)
    assert now_is(orders) == owing
    assert place(orders) == (ENDED_MS + 2, ENDED_MS + 2)


def test_a_usual_order_is_kept_without_a_word_of_top_ups(orders: Orders) -> None:
    order = pending(line())
    orders.place(order)
    orders.close(order, order.with_line(line().picked(1)).pay(payment()).settle(SETTLED_MS))

    item = stored(orders)

    assert not {"settled_at_ms", "follow_up", *PLACE} & set(item)
    assert not {"filled", "fates"} & set(item["order_lines"][0])


def test_a_unit_that_goes_back_does_not_undo_an_end(orders: Orders) -> None:
    seen = fulfilling(orders, top_up(0, 2), line(1).picked(1))
    end(orders, 0, 0)

    write = move(seen, seen.give_back(1, 1), ENDED_MS)
    with pytest.raises(ConditionFailed):
        orders.table.update({"pk": f"demo#{ORDER_ID}"}, **by(write))
    assert now_is(orders).lines[1].returned == 0


def test_a_fulfilling_order_fits_into_a_write_unit(orders: Orders) -> None:
    fulfilling(orders, top_up(0, 3))

    assert item_bytes(encode_item(stored(orders))) < WRITE_UNIT
