"""Lists of orders page by page, and the sweep that expires them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.contracts.merchant import OrdersQuery
from scrip.domain.chase import Answer
from scrip.domain.errors import OrderUnknown, RequestInvalid
from scrip.domain.notice import PaymentNotice
from scrip.domain.order import ExpiredOrder, Order, OrderRecord, PendingOrder, listing_place
from scrip.domain.payment import Unpaid
from scrip.flows.accept_payment import Accepted
from scrip.flows.expire_orders import INDEX_LAG_MS, MAX_PAGES, PAGE, Swept, expire_orders
from scrip.flows.list_orders import MAX_LOOKED_AT, list_orders, read_merchant_order
from tests.domain.making import NOW_MS, WINDOW_MS, pending
from tests.flows.fakes import Places

WINDOW_MINUTES = WINDOW_MS // 60_000
DUE_MS = NOW_MS + WINDOW_MS + INDEX_LAG_MS


def record(number: int, *, at_ms: int = NOW_MS, merchant_id: str = "demo") -> OrderRecord:
    order_id = f"{number * 7919 % 10**6:016d}"
    order = replace(
        pending(merchant_id=merchant_id, order_id=order_id),
        placed_at_ms=at_ms,
        expires_at_ms=at_ms + WINDOW_MS,
    )
    return OrderRecord(order, listing_place(at_ms, order_id), ())


def pages(orders: Places, **query: object) -> Iterable[list[OrderRecord]]:
    cursor: str | None = None
    for _ in range(200):
        page = list_orders("demo", OrdersQuery(**query, cursor=cursor), orders=orders)  # type: ignore[arg-type]
        yield page.records
        cursor = page.next_cursor
        if cursor is None:
            return
    raise AssertionError("pages without an end")


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 7))
def test_pages_show_every_order_once_newest_first(times: list[int], limit: int) -> None:
    records = [record(number, at_ms=NOW_MS + at) for number, at in enumerate(times)]

    seen = [each for page in pages(Places(list(records)), limit=limit) for each in page]

    assert seen == sorted(records, key=lambda each: each.place, reverse=True)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=40),
    st.integers(1, 5),
    st.integers(0, 30),
    st.integers(0, 30),
)
def test_filters_leave_out_what_does_not_fit(
    orders: list[tuple[int, bool]], limit: int, since: int, until: int
) -> None:
    records = []
    for number, (at, expired) in enumerate(orders):
        each = record(number, at_ms=NOW_MS + at)
        assert isinstance(each.order, PendingOrder)
        state = each.order.expire(NOW_MS + 2 * WINDOW_MS) if expired else each.order
        records.append(each._replace(order=state))
    query = {"state": "expired", "from_ms": NOW_MS + since, "to_ms": NOW_MS + until}

    seen = [each for page in pages(Places(list(records)), limit=limit, **query) for each in page]

    fitting = [
        each
        for each in records
        if each.order.state == "expired"
        and NOW_MS + since <= each.order.placed_at_ms < NOW_MS + until
    ]
    assert seen == sorted(fitting, key=lambda each: each.place, reverse=True)


def test_a_page_looks_at_so_many_orders_and_goes_on_in_the_next() -> None:
    records = [record(number, at_ms=NOW_MS + number) for number in range(MAX_LOOKED_AT + 50)]
    assert isinstance(records[0].order, PendingOrder)
    records[0] = records[0]._replace(order=records[0].order.expire(NOW_MS + 2 * WINDOW_MS))

    found = list(pages(Places(records), state="expired", limit=100))

    assert [len(page) for page in found] == [0, 1]


@pytest.mark.parametrize(
    "cursor", ["x", "1760000000000", "1760000000000#", "1760000000000#a#b", "²760000000000#A", "#A"]
)
def test_a_cursor_that_is_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(RequestInvalid):
        list_orders("demo", OrdersQuery(cursor=cursor), orders=Places([]))


def test_an_order_is_read_by_its_number() -> None:
    orders = Places([record(1)])

    assert read_merchant_order("demo", record(1).order.order_id, orders=orders) == record(1)
    with pytest.raises(OrderUnknown):
        read_merchant_order("other", record(1).order.order_id, orders=orders)


class Nobody:
    def add(self, merchant_id: str, tag: str, marks: Iterable[int], now_ms: int) -> None:
        raise AssertionError("nothing here is held")


class Closing:
    """Providers where nobody paid, and nobody can any more."""

    def collect_and_close(self, orders: Sequence[Order]) -> list[Answer]:
        return [Unpaid(closed=True) for _ in orders]


def never(notice: PaymentNotice) -> Accepted:
    raise AssertionError("nobody paid")


def sweep(
    orders: Places, now_ms: int = DUE_MS, *merchants: str, minutes: int = WINDOW_MINUTES
) -> Swept:
    return expire_orders(
        now_ms=now_ms,
        window_minutes=minutes,
        merchant_ids=merchants or ("demo",),
        orders=orders,
        holds=orders,
        unpaid=Nobody(),
        providers=Closing(),
        settle=never,
    )


def expired(orders: Places) -> int:
    return sum(isinstance(each.order, ExpiredOrder) for each in orders.records)


def test_an_order_expires_after_its_window_and_the_lag_of_the_index() -> None:
    orders = Places([record(1)])

    assert sweep(orders, DUE_MS - 1) == Swept(0, True)
    assert sweep(orders, DUE_MS + 1) == Swept(1, True)
    assert expired(orders) == 1


def test_what_is_done_is_not_looked_at_again() -> None:
    orders = Places([record(number) for number in range(30)])
    sweep(orders, DUE_MS + 1)
    orders.asked.clear()

    assert sweep(orders, DUE_MS + 60_000) == Swept(0, True)

    [(since, _, _)] = orders.asked
    assert since > max(each.place for each in orders.records)


def test_every_merchant_is_swept() -> None:
    orders = Places([record(1), record(2, merchant_id="other"), record(3, merchant_id="third")])

    assert sweep(orders, DUE_MS + 1, "demo", "other") == Swept(2, True)


def test_orders_that_moved_are_left_alone() -> None:
    late = record(1)
    assert isinstance(late.order, PendingOrder)
    orders = Places([late, record(2)])
    moved = late.order.opened("pi_2")

    class Outrun(Places):
        def expire(self, seen: PendingOrder, expired: ExpiredOrder) -> None:
            self.records[0] = late._replace(order=moved)
            super().expire(seen, expired)

    outrun = Outrun(orders.records)

    assert sweep(outrun, DUE_MS + 1) == Swept(1, True)
    assert outrun.records[0].order == moved


def test_many_orders_take_several_runs_and_none_is_passed_over() -> None:
    count = PAGE * MAX_PAGES + 7
    orders = Places([record(number, at_ms=NOW_MS - count + number) for number in range(count)])

    first = sweep(orders, DUE_MS)
    second = sweep(orders, DUE_MS)

    assert not first.complete
    assert second.complete
    assert first.expired + second.expired == count == expired(orders)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 120)), max_size=30), st.data())
def test_windows_that_changed_pass_nothing_over(
    placed: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Orders a minute apart, each with the window of its day; sweeps with other windows between."""
    records = []
    for number, (minute, window) in enumerate(placed):
        at_ms = NOW_MS + minute * 60_000
        each = record(number, at_ms=at_ms)
        order = replace(each.order, expires_at_ms=at_ms + window * 60_000)
        records.append(each._replace(order=order))
    orders = Places(records)

    for minute in sorted(data.draw(st.lists(st.integers(0, 500), max_size=8))):
        sweep(orders, NOW_MS + minute * 60_000, minutes=data.draw(st.integers(5, 120)))
    sweep(orders, NOW_MS + 1000 * 60_000, minutes=120)

    assert expired(orders) == len(records)
    for each in orders.records:
        assert isinstance(each.order, ExpiredOrder)
        assert each.order.expired_at_ms >= each.order.expires_at_ms
