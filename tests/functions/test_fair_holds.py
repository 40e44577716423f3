"""Who leaves many held orders unpaid is held codes for a shorter time, in the end for none."""

from unittest import mock

import pytest

from scrip.adapters.unpaid_holds import UnpaidHolds
from scrip.domain.chase import WAIT_MS
from tests.contents import contents, nothing_changes
from tests.functions.conftest import Clock
from tests.functions.test_holds import available, pay_late, stock_up, sweep
from tests.in_memory import InMemory
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
WINDOW = 60


def minutes_held(placed: Reply) -> int:
    order: dict[str, int] = placed.json["order"]
    return round((order["expires_at_ms"] - order["placed_at_ms"]) / MINUTE_MS)


def leave_unpaid(cloud: InMemory, shop: Shop, clock: Clock, times: int, already: int = 0) -> None:
    """`already`: orders that are pending."""
    for _ in range(times):
        assert shop.place({"seat": 1}).status == 201
    clock.ahead_ms += 11 * MINUTE_MS
    assert sweep(cloud) == times + already


def tallies(cloud: InMemory) -> dict[str, int]:
    """Unpaid orders by kind of tag."""
    items = contents(cloud)["orders"]
    return {i["pk"].split("#")[2][0]: len(i["unpaid"]) for i in items if "#unpaid#" in i["pk"]}


def test_a_buyers_holds_are_halved_and_then_none(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    stock_up(shop, *"ABCDEFGH")
    leave_unpaid(cloud, shop, clock, 2)
    assert tallies(cloud)["b"] == 2
    assert minutes_held(shop.place({"seat": 1})) == 5
    leave_unpaid(cloud, shop, clock, 1, already=1)

    assert minutes_held(shop.place({"seat": 1})) == 2
    assert minutes_held(shop.place({"seat": 1}, email="other@example.com")) == 10


def test_without_a_hold_codes_are_claimed_when_it_is_paid(
    cloud: InMemory, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock_up(shop, *"ABCDEFGH")
    leave_unpaid(cloud, shop, clock, 6)

    placed = shop.place({"seat": 1})

    assert minutes_held(placed) == WINDOW
    assert available(shop) == 8
    assert pay_late(shop, placed, monkeypatch).json["outcome"] == "delivered"


def test_an_address_is_counted_whatever_the_buyer_says(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    stock_up(shop, *"ABCDEFGH")
    for number in range(6):
        body = {"email": f"buyer{number}@example.com", "buyer_ip": "2001:db8::7"}
        assert shop.place({"seat": 1}, **body).status == 201
    clock.ahead_ms += 11 * MINUTE_MS
    sweep(cloud)

    near = shop.place({"seat": 1}, email="new@example.com", buyer_ip="2001:db8::8")
    far = shop.place({"seat": 1}, email="new@example.com", buyer_ip="203.0.113.9")

    assert (minutes_held(near), minutes_held(far)) == (5, 10)
    assert "2001:db8" not in str(contents(cloud)["orders"])


def test_who_pays_is_never_shortened(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    stock_up(shop, *"ABCDEFGH")
    for _ in range(6):
        assert shop.pay(shop.place({"seat": 1})).status == 200
    clock.ahead_ms += 11 * MINUTE_MS
    assert sweep(cloud) == 0

    assert minutes_held(shop.place({"seat": 1})) == 10
    assert tallies(cloud) == {}


def test_an_order_counts_once_though_the_sweep_runs_twice(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    stock_up(shop, *"ABC")
    shop.place({"seat": 1})
    clock.ahead_ms = 11 * MINUTE_MS
    with mock.patch("scrip.adapters.orders.Orders.set_mark"):
        assert sweep(cloud) == 1
        assert sweep(cloud) == 0
    assert sweep(cloud) == 0

    assert tallies(cloud)["b"] == 1
    with nothing_changes(cloud):
        sweep(cloud)


def test_an_order_that_ended_when_it_was_read_counts_too(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    stock_up(shop, *"ABC")
    placed = shop.place({"seat": 1})
    clock.ahead_ms = 10 * MINUTE_MS + WAIT_MS
    assert shop.read(placed).json["state"] == "expired"

    assert sweep(cloud) == 0

    assert tallies(cloud)["b"] == 1


def test_what_could_not_be_held_is_nobodys_fault(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    stock_up(shop, "A")
    assert shop.place({"seat": 2}).problem == "sold-out"
    clock.ahead_ms = 11 * MINUTE_MS
    sweep(cloud)

    assert tallies(cloud) == {}


def test_an_order_without_a_hold_asks_nobody_and_says_nothing_of_its_buyer(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    with mock.patch.object(UnpaidHolds, "counts", side_effect=AssertionError):
        placed = stocked.place({"card-50": 1}, buyer_ip="203.0.113.9")
    assert placed.status == 201

    [item] = [each for each in contents(cloud)["orders"] if "state" in each]
    assert "tags" not in item


def test_the_same_order_sent_from_elsewhere_is_the_same_order(shop: Shop) -> None:
    stock_up(shop, *"ABC")
    first = shop.place({"seat": 1}, idempotency_key="k", buyer_ip="203.0.113.9")

    again = shop.place({"seat": 1}, idempotency_key="k", buyer_ip="203.0.113.10")

    assert again.status == 201
    assert again.json["order"]["order_id"] == first.json["order"]["order_id"]
    for bad in ("203.0.113.999", "nonsense", ""):
        assert shop.place({"seat": 1}, buyer_ip=bad).problem == "request-invalid"
