"""Codes shown: only of readable orders, only after the audit entry; who shows many is told of."""

from dataclasses import replace
from typing import Any

import pytest

from scrip.domain.errors import CodesShredded, OrderNotReadable, OrderUnknown, StoreUnavailable
from scrip.domain.line import Swap
from scrip.domain.order import Order, SettledOrder
from scrip.domain.reveal_watch import DEFAULT_LIMIT
from scrip.flows.reveal_codes import Reveal, Revealed, reveal_codes, view_masked_codes
from tests.domain.making import NOW_MS, WINDOW_MS, payment, pending
from tests.flows.fakes import (
    DEMO,
    Counts,
    Gaps,
    Journal,
    Looks,
    Opened,
    Shops,
    Trail,
    delivered,
    refund_due,
)

LOOK = Reveal("buyer", "203.0.113.7", NOW_MS, "event001")


def revealed(order: Order, *, audit: Trail, codes: Opened, **changes: Any) -> Revealed:
    parts: dict[str, Any] = {
        "orders": Looks(codes.journal),
        "counts": Counts(),
        "merchants": Shops(),
    } | changes
    return reveal_codes(order, LOOK, audit=audit, codes=codes, **parts)


def test_a_look_is_written_down_before_any_code_is_opened() -> None:
    journal = Journal()

    shown = revealed(delivered(), audit=Trail(journal), codes=Opened(journal))

    assert journal.lines == [
        f"audit buyer 203.0.113.7 {NOW_MS} event001",
        "first look",
        "open 0",
        "open 1",
    ]
    assert [(each.number, code.code) for each, code, _ in shown.codes] == [
        (0, "CODE-0-0"),
        (0, "CODE-0-1"),
        (1, "CODE-1-0"),
    ]


def test_only_the_first_look_is_kept_in_the_order() -> None:
    journal = Journal()
    seen = replace(delivered(), revealed_at_ms=NOW_MS - 1)

    revealed(seen, audit=Trail(journal), codes=Opened(journal))

    assert "first look" not in journal.lines


def test_a_look_shows_the_order_as_it_was_when_the_look_was_kept() -> None:
    class TakenBack(Looks):
        def reveal(self, order: Order, at_ms: int) -> Order:
            assert isinstance(order, SettledOrder)
            return order.give_back(0, 1)

    journal = Journal()

    shown = revealed(
        delivered(), audit=Trail(journal), codes=Opened(journal), orders=TakenBack(journal)
    )

    assert [code.code for _, code, _ in shown.codes] == ["CODE-0-0", "CODE-1-0"]


def test_a_code_that_came_in_place_of_a_bad_one_says_so() -> None:
    order, journal = delivered(), Journal()
    chunk = order.lines[0].chunk
    assert chunk
    intended = Swap(1, chunk, NOW_MS)
    for swap, marks in (
        (intended, [False] * 3),
        (intended._replace(claimed=True), [False, True, False]),
    ):
        swapped = order.with_line(replace(order.lines[0], swap=swap))
        shown = revealed(swapped, audit=Trail(journal), codes=Opened(journal))
        assert [each.replacement for each in shown.codes] == marks


def test_what_cannot_be_written_down_is_not_shown() -> None:
    journal = Journal()
    audit = Trail(journal, StoreUnavailable("busy"))

    with pytest.raises(StoreUnavailable):
        revealed(delivered(), audit=audit, codes=Opened(journal))

    assert journal.lines == []


@pytest.mark.parametrize(
    "order", [pending(), pending().expire(NOW_MS + WINDOW_MS), pending().pay(payment())]
)
def test_an_order_without_goods_shows_nothing_and_is_not_looked_at(order: Order) -> None:
    journal = Journal()

    with pytest.raises(OrderNotReadable):
        revealed(order, audit=Trail(journal), codes=Opened(journal))

    assert journal.lines == []


def test_of_an_order_that_ran_short_what_was_claimed_is_shown() -> None:
    journal = Journal()

    shown = revealed(refund_due(1), audit=Trail(journal), codes=Opened(journal))

    assert [code.code for _, code, _ in shown.codes] == ["CODE-0-0"]


def test_what_was_shredded_is_left_out_and_counted() -> None:
    journal = Journal()

    shown = revealed(delivered(), audit=Trail(journal), codes=Gaps(journal))

    assert [code.code for _, code, _ in shown.codes] == ["CODE-0-1"]
    assert shown.shredded == 2


def test_an_order_whose_codes_are_all_shredded_says_so() -> None:
    journal = Journal()

    with pytest.raises(CodesShredded):
        revealed(refund_due(1), audit=Trail(journal), codes=Gaps(journal))


def test_staff_see_codes_masked_and_it_is_written_down() -> None:
    journal = Journal()
    order = delivered()

    view = view_masked_codes(
        "demo",
        order.order_id,
        Reveal("key00001", "198.51.100.1", NOW_MS, "event001"),
        orders=Shops(order=order),
        audit=Trail(journal, revealed_at=[NOW_MS]),
        codes=Gaps(journal),
        counts=Counts(),
        merchants=Shops(),
    )

    assert journal.lines[0] == f"masked_view key00001 198.51.100.1 {NOW_MS} event001"
    assert [code.text for code in view.codes] == [None, "********", None]
    assert [(code.line.number, code.unit) for code in view.codes] == [(0, 0), (0, 1), (1, 0)]
    assert view.revealed_at_ms == [NOW_MS]


def test_staff_see_nothing_of_an_order_that_is_not_there_or_has_no_codes() -> None:
    def view(office: Shops) -> object:
        journal = Journal()
        try:
            return view_masked_codes(
                "demo",
                "0" * 16,
                LOOK,
                orders=office,
                audit=Trail(journal),
                codes=Opened(journal),
                counts=Counts(),
                merchants=office,
            )
        finally:
            assert journal.lines == []

    with pytest.raises(OrderUnknown):
        view(Shops(order=None))
    with pytest.raises(OrderNotReadable):
        view(Shops(order=pending()))


# --- who reads unusually many


def test_who_reads_unusually_many_is_told_of_once() -> None:
    journal, counts = Journal(), Counts(codes=DEFAULT_LIMIT - 4)
    trail = Trail(journal)

    told = [
        revealed(delivered(), audit=trail, codes=Opened(journal), counts=counts).unusual
        for _ in range(4)
    ]

    assert told == [False, True, False, False]
    hour = NOW_MS // 3_600_000
    assert [line for line in journal.lines if line.startswith("anomaly")] == [
        f"anomaly address:203.0.113.7 {hour} {DEFAULT_LIMIT + 2}"
    ]


def test_who_died_before_marking_is_told_of_by_the_entry_alone() -> None:
    journal = Journal()
    trail, counts = Trail(journal), Counts(codes=DEFAULT_LIMIT)
    revealed(delivered(), audit=trail, codes=Opened(journal), counts=counts)
    counts.told = False  # as if it had died before it was marked

    again = revealed(delivered(), audit=trail, codes=Opened(journal), counts=counts)

    assert not again.unusual
    assert counts.told


@pytest.mark.parametrize(("limit", "told"), [(0, False), (1000, False), (303, True), (304, False)])
def test_the_merchant_says_what_is_unusual(limit: int, told: bool) -> None:
    journal = Journal()
    office = Shops(merchant=replace(DEMO, reveal_limit=limit))

    shown = revealed(
        delivered(),
        audit=Trail(journal),
        codes=Opened(journal),
        counts=Counts(codes=300),
        merchants=office,
    )

    assert shown.unusual is told


def test_counting_keeps_nobody_from_the_codes() -> None:
    journal = Journal()
    counts = Counts(fault=StoreUnavailable("busy"))

    shown = revealed(delivered(), audit=Trail(journal), codes=Opened(journal), counts=counts)

    assert len(shown.codes) == 3


def test_few_codes_cost_no_look_at_the_merchant() -> None:
    journal = Journal()

    revealed(
        delivered(), audit=Trail(journal), codes=Opened(journal), counts=Counts(), merchants=None
    )
