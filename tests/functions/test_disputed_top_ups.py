"""A supplier's scorecard counts what it delivered and a buyer disputed."""

from collections.abc import Iterator

import pytest

from scrip.adapters.follow_ups import FollowUps
from scrip.adapters.scorecards import Scorecards
from scrip.domain.errors import StoreUnavailable
from scrip.domain.scorecard import Ending, day_of
from scrip.domain.supplier_terms import DAY_MS, MINUTE_MS
from tests.functions.conftest import Clock
from tests.functions.test_queue_top_up import advance, until_it_ends
from tests.in_memory import InMemory
from tests.oracles.stripe_server import sign
from tests.outbox import publish
from tests.shop import Reply, Shop
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.faults import Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.top_ups import sell_top_up
from tests.topping_up import ACCOUNT, SKU, call_at, open_account, table, take_queued

FORM = [{"name": "account", "label": "Account", "pattern": "[0-9]{5,11}"}]
FILLED = {"qb": {"account": "13800138000"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(KINDS["fulu"].dialect) as state:
        yield state


@pytest.fixture
def supplier(server: Simulator, cloud: InMemory, stocked: Shop, clock: Clock) -> Simulator:
    server.now_ms = clock.now_ms
    server.begin(Plan(), goods={SKU: 2790})
    call_at(cloud, server.base)
    open_account(cloud, stocked.merchant_id)
    sell_top_up(stocked, "qb", FORM, price=3000, routes=[{"supplier": ACCOUNT, "sku": SKU}])
    return server


def bought(shop: Shop, cloud: InMemory, lines: dict[str, int]) -> Reply:
    placed = shop.place(lines, filled=FILLED)
    assert shop.pay(placed).json == {"outcome": "fulfilling"}
    publish(cloud)
    return placed


def dispute(shop: Shop, placed: Reply, status: str, at_ms: int, dispute_id: str = "du_1") -> Reply:
    """Stripe tells at this time how a dispute stands."""
    at, paid_by = at_ms // 1000, placed.json["payment"]["reference"]
    about = shop.stripe.dispute(paid_by, status, id=dispute_id)
    raw = shop.stripe.event("charge.dispute.updated", about, created=at)
    return shop.callback(raw, sign(raw, at=at))


def follow(cloud: InMemory, clock: Clock, after_ms: int = 2 * MINUTE_MS) -> int:
    clock.ahead_ms += after_ms
    return int(cloud.invoke("schedule_follow_up", {})["due"])


def disputed(cloud: InMemory, clock: Clock) -> dict[int, int]:
    """Units by the day, from today on backwards."""
    today = day_of(clock.now_ms)
    days = range(today - 29, today + 1)
    found = Scorecards(table(cloud, "top_ups")).disputed_of_days("demo", ACCOUNT, days)
    return {today - day: card.ended[Ending.DISPUTED] for day, card in found.items()}


def test_each_unit_counts_once_on_the_day_on_which_its_dispute_was_opened(
    cloud: InMemory, stocked: Shop, supplier: Simulator, clock: Clock
) -> None:
    supplier.plan.fates.extend([Becomes(fails=True), Becomes(), Becomes()])
    placed = bought(stocked, cloud, {"qb": 3, "card-50": 1})
    until_it_ends(cloud, supplier, clock)
    opened_at_ms = clock.now_ms

    dispute(stocked, placed, "needs_response", opened_at_ms)
    follow(cloud, clock)
    assert sum(disputed(cloud, clock).values()) == 2
    clock.ahead_ms += 3 * DAY_MS
    for status, which in (("lost", "du_1"), ("lost", "du_1"), ("needs_response", "du_2")):
        told = dispute(stocked, placed, status, clock.now_ms, which)
        assert told.status == 200, told.text
        follow(cloud, clock)

    ago = day_of(clock.now_ms) - day_of(opened_at_ms)
    assert ago >= 3
    assert disputed(cloud, clock) == {ago: 2}


def test_disputes_add_up(cloud: InMemory, stocked: Shop, supplier: Simulator, clock: Clock) -> None:
    orders = [bought(stocked, cloud, {"qb": 1}) for _ in range(2)]
    until_it_ends(cloud, supplier, clock)
    opened_at_ms = clock.now_ms

    for placed in orders:
        dispute(stocked, placed, "needs_response", opened_at_ms)
    follow(cloud, clock)

    assert list(disputed(cloud, clock).values()) == [2]


def test_what_is_done_after_its_order_was_disputed_counts_on_the_day_of_that(
    cloud: InMemory, stocked: Shop, supplier: Simulator, clock: Clock
) -> None:
    supplier.plan.fates.append(Becomes(takes_ms=3 * MINUTE_MS))
    placed = bought(stocked, cloud, {"qb": 1})
    [first] = take_queued(cloud)
    advance(cloud, first)
    dispute(stocked, placed, "needs_response", clock.now_ms)
    follow(cloud, clock)
    assert disputed(cloud, clock) == {}

    until_it_ends(cloud, supplier, clock)
    follow(cloud, clock, DAY_MS)

    assert list(disputed(cloud, clock).values()) == [1]
    assert follow(cloud, clock, DAY_MS) == 0


def test_who_dies_before_it_is_on_the_worklist_is_told_again(
    cloud: InMemory,
    stocked: Shop,
    supplier: Simulator,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: object) -> bool:
        raise StoreUnavailable("gone")

    placed = bought(stocked, cloud, {"qb": 1})
    until_it_ends(cloud, supplier, clock)
    opened_at_ms = clock.now_ms
    with monkeypatch.context() as broken:
        broken.setattr(FollowUps, "add", lost)
        assert dispute(stocked, placed, "needs_response", opened_at_ms).status == 503
    assert follow(cloud, clock) == 0

    again = dispute(stocked, placed, "needs_response", opened_at_ms)
    follow(cloud, clock)

    assert (again.status, again.json["outcome"]) == (200, "duplicate")
    assert list(disputed(cloud, clock).values()) == [1]


def test_orders_of_codes_alone_are_not_followed_up_for_it(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.pay(placed)

    for _ in range(2):
        dispute(stocked, placed, "needs_response", clock.now_ms)

    assert follow(cloud, clock) == 0
