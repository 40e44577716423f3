"""Which orders providers are asked about, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.chase import ASK_AT_MINUTES, ASK_BACK_MS, Answer, Span, spans_to_ask
from scrip.domain.notice import PaymentNotice
from scrip.domain.order import Order, OrderRecord, listing_place
from scrip.domain.payment import Unpaid
from scrip.flows.ask_payments import Asked, ask_payments
from tests.domain.making import NOW_MS, payment, pending

MINUTE_MS = 60_000
WINDOW = 60


def order(number: int = 0, placed_ms: int = NOW_MS, merchant_id: str = "demo") -> Order:
    made = pending(merchant_id=merchant_id, order_id=f"{number:016d}")
    return replace(made, placed_at_ms=placed_ms, expires_at_ms=placed_ms + WINDOW * MINUTE_MS)


@dataclass
class Orders:
    kept: list[Order]
    marks: dict[str, str] = field(default_factory=dict)

    def mark(self, merchant_id: str, sweep: str) -> str:
        return self.marks.get(f"{merchant_id} {sweep}", listing_place(0))

    def set_mark(self, merchant_id: str, sweep: str, old: str, new: str) -> None:
        assert self.mark(merchant_id, sweep) == old < new
        self.marks[f"{merchant_id} {sweep}"] = new

    def placed_within(self, merchant_id: str, spans: Sequence[Span]) -> list[OrderRecord]:
        return [
            OrderRecord(each, listing_place(each.placed_at_ms, each.order_id), ())
            for each in self.kept
            if each.merchant_id == merchant_id
            and any(span.since_ms <= each.placed_at_ms < span.until_ms for span in spans)
        ]


@dataclass
class Stripe:
    paid: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def ask(self, orders: Sequence[Order]) -> list[Answer]:
        self.asked += [each.order_id for each in orders]
        return [payment() if each.order_id in self.paid else Unpaid() for each in orders]


def run(
    orders: Orders, stripe: Stripe, now_ms: int, window: int = WINDOW, *merchants: str
) -> tuple[Asked, list[PaymentNotice]]:
    settled: list[PaymentNotice] = []
    asked = ask_payments(
        now_ms=now_ms,
        window_minutes=window,
        merchant_ids=merchants or ("demo",),
        orders=orders,
        providers=stripe,
        settle=settled.append,
    )
    return asked, settled


@given(st.lists(st.integers(1, 4 * MINUTE_MS), min_size=30, max_size=60), st.integers(0, 10**6))
def test_each_order_is_asked_about_once_at_each_age(steps: list[int], placed: int) -> None:
    """However regularly the schedule comes round, as long as it comes."""
    orders, stripe = Orders([order(1, NOW_MS + placed)]), Stripe()
    now = NOW_MS
    for step in steps:
        now += step
        run(orders, stripe, now)

    ages = [age for age in ASK_AT_MINUTES if NOW_MS + placed + age * MINUTE_MS < now]
    assert len(stripe.asked) == len(ages)


def test_nothing_is_written_while_nobody_comes_of_age() -> None:
    orders, stripe = Orders([order(1)]), Stripe()

    for minute in (0, 1, 1.9):
        run(orders, stripe, NOW_MS + int(minute * MINUTE_MS))

    assert orders.marks == {}
    assert stripe.asked == []


def test_what_was_paid_is_settled() -> None:
    orders, stripe = Orders([order(1), order(2)]), Stripe(paid={order(2).order_id})

    asked, settled = run(orders, stripe, NOW_MS + 2 * MINUTE_MS + 1)

    assert asked == Asked(2, 1)
    assert settled == [PaymentNotice("demo", order(2).order_id, payment())]


def test_only_the_unpaid_are_asked_about() -> None:
    first = pending(order_id="1" * 16)
    delivered = first.pay(payment()).settle(NOW_MS)
    expired = replace(pending(order_id="2" * 16), expires_at_ms=NOW_MS + MINUTE_MS)
    orders, stripe = Orders([delivered, expired]), Stripe()

    asked, _ = run(orders, stripe, NOW_MS + 2 * MINUTE_MS + 1)

    assert asked == Asked(0, 0)
    assert orders.marks, "they are not looked at again"


def test_every_merchants_orders_are_asked_about_together() -> None:
    orders = Orders([order(1), order(2, merchant_id="other")])
    stripe = Stripe()

    asked, _ = run(orders, stripe, NOW_MS + 2 * MINUTE_MS + 1, WINDOW, "demo", "other")

    assert asked.orders == 2
    assert len(orders.marks) == 2


def test_after_a_long_pause_only_the_last_minutes_are_made_up_for() -> None:
    spans = spans_to_ask(0, NOW_MS, WINDOW)

    assert [span.until_ms - span.since_ms for span in spans] == [ASK_BACK_MS] * len(ASK_AT_MINUTES)


def test_who_expires_sooner_is_not_asked_about_when_expired() -> None:
    assert [span.until_ms for span in spans_to_ask(NOW_MS - 1, NOW_MS, 10)] == [
        NOW_MS - 2 * MINUTE_MS
    ]


def test_more_orders_than_are_asked_about_together_are_asked_about_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scrip.flows.ask_payments.MOST", 2)
    merchants = [f"m{number}" for number in range(5)]
    orders = Orders([order(n, merchant_id=name) for n, name in enumerate(merchants)])
    stripe = Stripe()

    asked, _ = run(orders, stripe, NOW_MS + 2 * MINUTE_MS + 1, WINDOW, *merchants)

    assert asked.orders == len(stripe.asked) == 5
