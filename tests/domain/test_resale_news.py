"""When a reseller is told, and when no more."""

from dataclasses import replace

from scrip.domain.goods import Kind
from scrip.domain.line import Fate, Line
from scrip.domain.money import Money
from scrip.domain.order import Order, OrderRecord, PendingOrder
from scrip.domain.payment import Payment
from scrip.domain.refund import RefundState, begin
from scrip.domain.resale import PREPAID, Reason, ResaleState, paid_by, reason_of, state_of
from scrip.domain.resale_news import HOUR_MS, WAITS_MS, Telling, is_news, news_id

LINE = Line(0, "qb", 2, Money(3000, "EUR"), None, kind=Kind.TOP_UP, fates=(Fate.OPEN,) * 2)
PENDING = PendingOrder(
    merchant_id="demo",
    order_id="7K2M9Q4XTB3WHD5N",
    lines=(LINE,),
    email="outlet@resale.invalid",
    locale="en",
    payment_ref="outlet#A-1",
    fingerprint=bytes(16),
    trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
    placed_at_ms=1000,
    expires_at_ms=9000,
    provider=PREPAID,
)
UNDERWAY = PENDING.pay(paid_by(PENDING)).settle(2000)


def ended(*fates: Fate) -> Order:
    order: Order = UNDERWAY
    for unit, fate in enumerate(fates):
        order = order.end_unit(0, unit, fate, 3000)  # type: ignore[attr-defined]
    return order


def record(order: Order) -> OrderRecord:
    return OrderRecord(order, "", ())


def test_an_order_is_told_when_it_ends_and_once_more_when_it_is_given_back() -> None:
    failed = record(ended(Fate.FAILED, Fate.FAILED))
    refund = begin(failed.order.order_id, 1, paid_by(PENDING), 6000, 4000)
    begun = failed._replace(refunds=(refund,))
    back = failed._replace(refunds=(replace(refund, state=RefundState.SUCCEEDED),))

    assert not is_news(None, record(PENDING))
    assert not is_news(record(PENDING), record(UNDERWAY))
    assert is_news(record(UNDERWAY), failed)
    assert not is_news(failed, begun)
    assert is_news(begun, back)
    assert not is_news(back, back)
    assert not is_news(back, None)
    assert len({news_id(each) for each in (failed, begun, back)}) == 2


def test_orders_of_buyers_are_not_told_to_anybody() -> None:
    order = replace(PENDING, provider="stripe")
    paid = order.pay(Payment("stripe", "pi_1", order.total, True, 1))

    assert not is_news(record(order), record(paid.settle(1)))


def test_an_order_ends_by_what_became_of_its_units() -> None:
    found = {
        fates: (state_of(ended(*fates)), reason_of(ended(*fates)))
        for fates in (
            (Fate.DONE, Fate.DONE),
            (Fate.DONE, Fate.FAILED),
            (Fate.FAILED, Fate.FAILED),
            (Fate.DONE,),
        )
    }

    assert list(found.values()) == [
        (ResaleState.DELIVERED, None),
        (ResaleState.PARTLY, Reason.NOT_CHARGED),
        (ResaleState.FAILED, Reason.NOT_CHARGED),
        (ResaleState.UNDERWAY, None),
    ]
    taken_back = ended(Fate.DONE, Fate.DONE).reverse_unit(0, 0)  # type: ignore[attr-defined]
    assert (state_of(taken_back), reason_of(taken_back)) == (
        ResaleState.PARTLY,
        Reason.REVERSED,
    )


def test_it_is_tried_for_a_day_less_and_less_often() -> None:
    telling, at_ms, tries = Telling("demo", "X"), 0, 1
    while again := telling.again(at_ms):
        telling, at_ms, tries = again, again.at_ms, tries + 1

    assert tries == len(WAITS_MS) + 1 == 8
    assert 20 * HOUR_MS < at_ms < 24 * HOUR_MS
    assert list(WAITS_MS) == sorted(WAITS_MS)
