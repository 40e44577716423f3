"""Orders that nobody pays expire: those that are due, once, for every merchant."""

from collections.abc import Callable
from typing import Any

import pytest

from scrip.adapters.orders import Orders
from scrip.domain.order import ExpiredOrder, PendingOrder
from tests.contents import contents
from tests.functions.conftest import Clock
from tests.in_memory import InMemory, forget_adapters
from tests.samples import sample
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
WINDOW = 60
INDEX_LAG = 1
TICK = sample("schedule_expire_orders", "tick")


def sweep(cloud: InMemory) -> int:
    return int(cloud.invoke("schedule_expire_orders", TICK)["expired"])


def state(shop: Shop, placed: Reply) -> str:
    return str(shop.read(placed).json["state"])


def mark(cloud: InMemory, merchant_id: str = "demo") -> str:
    item = cloud.table("orders").get_item(Key={"pk": f"{merchant_id}#expiry"})
    return str(item.get("Item", {}).get("place", ""))


def test_only_orders_that_are_due_and_unpaid_expire(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    old, paid = stocked.place({"card-50": 1}), stocked.place({"card-50": 1})
    stocked.pay(paid)
    clock.ahead_ms = 30 * MINUTE_MS
    young = stocked.place({"card-50": 1})

    clock.ahead_ms = (WINDOW + INDEX_LAG - 1) * MINUTE_MS
    assert sweep(cloud) == 0
    clock.ahead_ms = (WINDOW + INDEX_LAG + 1) * MINUTE_MS
    assert sweep(cloud) == 1

    assert [state(stocked, each) for each in (old, paid, young)] == [
        "expired",
        "delivered",
        "pending",
    ]
    key = {"pk": f"demo#{old.json['order']['order_id']}"}
    item = cloud.table("orders").get_item(Key=key)["Item"]
    assert int(item["delete_at"]) > clock.now_ms // 1000 + 399 * 86_400


def test_a_second_run_changes_nothing(cloud: InMemory, stocked: Shop, clock: Clock) -> None:
    stocked.place({"card-50": 1})
    clock.ahead_ms = 2 * WINDOW * MINUTE_MS
    assert sweep(cloud) == 1
    before = contents(cloud)["orders"]

    assert sweep(cloud) == 0

    after = contents(cloud)["orders"]
    assert [i for i in after if "state" in i] == [i for i in before if "state" in i]


def test_the_mark_moves_past_what_is_done_and_looks_at_it_no_more(
    cloud: InMemory, stocked: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked.place({"card-50": 1})
    clock.ahead_ms = 2 * WINDOW * MINUTE_MS
    sweep(cloud)
    first = mark(cloud)
    looked_at: list[int] = []
    listed = Orders.listed

    def counting(self: Orders, *args: Any, **more: Any) -> Any:
        found = listed(self, *args, **more)
        looked_at.append(len(found))
        return found

    monkeypatch.setattr(Orders, "listed", counting)
    clock.ahead_ms += MINUTE_MS
    sweep(cloud)

    assert looked_at == [0]
    assert mark(cloud) == first, "nothing to pass costs no write"


def test_an_order_paid_at_the_last_moment_stays_delivered(
    cloud: InMemory, stocked: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = stocked.place({"card-50": 1})
    expire = Orders.expire

    def paid_meanwhile(self: Orders, seen: PendingOrder, expired: ExpiredOrder) -> None:
        assert stocked.pay(placed).json["outcome"] == "delivered"
        expire(self, seen, expired)

    monkeypatch.setattr(Orders, "expire", paid_meanwhile)
    monkeypatch.setattr("scrip.adapters.gateways.stripe_signature.TOLERANCE_SECONDS", 10**6)
    clock.ahead_ms = 2 * WINDOW * MINUTE_MS

    assert sweep(cloud) == 0
    assert state(stocked, placed) == "delivered"
    assert len(stocked.codes(placed)) == 1


def test_every_merchants_orders_expire(
    cloud: InMemory, stocked: Shop, open_another: Callable[..., Shop], clock: Clock
) -> None:
    others = [open_another(f"other-{number}") for number in range(3)]
    placed = [(stocked, stocked.place({"card-50": 1}))]
    for shop in others:
        shop.stock_up("card-50", ["X-1"])
        placed.append((shop, shop.place({"card-50": 1})))
    open_another("idle")
    clock.ahead_ms = 2 * WINDOW * MINUTE_MS

    assert sweep(cloud) == 4
    assert {state(shop, each) for shop, each in placed} == {"expired"}
    assert all(mark(cloud, merchant) for merchant in ("demo", "other-0", "other-2"))


def test_an_order_placed_under_a_longer_window_waits_its_time(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    long_lived = stocked.place({"card-50": 1})
    cloud.values["PaymentWindowMinutes"] = "10"
    forget_adapters()
    clock.ahead_ms = MINUTE_MS
    short_lived = stocked.place({"card-50": 1})

    clock.ahead_ms = 15 * MINUTE_MS
    assert sweep(cloud) == 0
    assert state(stocked, long_lived) == "pending"
    clock.ahead_ms = (WINDOW + 2) * MINUTE_MS
    assert sweep(cloud) == 2
    assert {state(stocked, each) for each in (long_lived, short_lived)} == {"expired"}


def test_a_window_made_longer_is_swept_again_when_its_time_comes(
    cloud: InMemory, stocked: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.values["PaymentWindowMinutes"] = "10"
    stocked.place({"card-50": 1})
    clock.ahead_ms = 15 * MINUTE_MS
    assert sweep(cloud) == 1
    cloud.values["PaymentWindowMinutes"] = str(WINDOW)
    forget_adapters()
    placed = stocked.place({"card-50": 1})
    listed = Orders.listed

    def checked(
        self: Orders, merchant: str, since: str, until: str, *args: Any, **more: Any
    ) -> Any:
        assert since <= until, "DynamoDB refuses such a range"
        return listed(self, merchant, since, until, *args, **more)

    monkeypatch.setattr(Orders, "listed", checked)
    before = mark(cloud)

    assert sweep(cloud) == 0
    assert mark(cloud) == before
    assert state(stocked, placed) == "pending"
    clock.ahead_ms += (WINDOW + 2) * MINUTE_MS
    assert sweep(cloud) == 1
    assert state(stocked, placed) == "expired"


def test_more_orders_than_a_page_expire_in_one_run(
    cloud: InMemory, stocked: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrip.flows.expire_orders.PAGE", 3)
    monkeypatch.setattr("scrip.flows.expire_orders.MAX_PAGES", 3)
    for _ in range(10):
        stocked.place({"card-50": 1})
    clock.ahead_ms = 2 * WINDOW * MINUTE_MS

    first, second = sweep(cloud), sweep(cloud)

    assert first < 10
    assert first + second == 10
