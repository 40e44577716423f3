"""Codes that are set aside when an order is placed, and what becomes of them."""

from typing import Any

import pytest

from scrip.domain.chase import WAIT_MS
from tests.contents import nothing_changes
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.samples import sample
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
HOLD = 10
TICK = sample("schedule_expire_orders", "tick")


def stock_up(shop: Shop, *codes: str, variant: str = "seat", **changes: Any) -> None:
    """Codes of a variant whose orders hold them for ten minutes."""
    shop.stock_up(variant, list(codes))
    shop.put_variant(variant, **{"hold_minutes": HOLD} | changes)


def sweep(cloud: InMemory) -> int:
    return int(cloud.invoke("schedule_expire_orders", TICK)["expired"])


def available(shop: Shop, variant: str = "seat") -> int:
    stock = shop.call("GET", f"/v1/merchant/variants/{variant}/stock", key="operator")
    return int(stock.json["available"])


def state(shop: Shop, placed: Reply) -> str:
    return str(shop.read(placed).json["state"])


def pay_late(shop: Shop, placed: Reply, monkeypatch: pytest.MonkeyPatch) -> Reply:
    monkeypatch.setattr("scrip.adapters.gateways.stripe_signature.TOLERANCE_SECONDS", 10**6)
    return shop.pay(placed)


def test_a_hold_takes_codes_off_sale_before_they_are_paid(shop: Shop) -> None:
    stock_up(shop, "A", "B", "C")

    placed = shop.place({"seat": 2})

    assert available(shop) == 1
    assert shop.place({"seat": 2}).problem == "sold-out"
    assert shop.pay(placed).json["outcome"] == "delivered"
    assert len(set(shop.codes(placed))) == 2


def test_a_hold_ends_when_it_should_not_with_the_payment_window(shop: Shop, clock: Clock) -> None:
    stock_up(shop, "A")

    placed = shop.place({"seat": 1}).json["order"]

    lasts_ms = placed["expires_at_ms"] - clock.now_ms
    assert (HOLD - 1) * MINUTE_MS < lasts_ms <= HOLD * MINUTE_MS


def test_paying_what_is_held_touches_no_stock(cloud: InMemory, shop: Shop) -> None:
    stock_up(shop, "A", "B")
    placed = shop.place({"seat": 2})
    before = cloud.table("stock").scan()["Items"]

    shop.pay(placed)

    assert cloud.table("stock").scan()["Items"] == before


def test_who_is_turned_away_leaves_nothing_behind(cloud: InMemory, shop: Shop) -> None:
    stock_up(shop, "A", "B", "C")
    stock_up(shop, "X", variant="gift")

    away = shop.place({"seat": 2, "gift": 2}, idempotency_key="too-much")

    assert (away.status, away.problem) == (409, "sold-out")
    assert (available(shop), available(shop, "gift")) == (3, 1)
    with nothing_changes(cloud):
        again = shop.place({"seat": 2, "gift": 2}, idempotency_key="too-much")
    assert (again.status, again.text) == (409, away.text)
    taken = shop.place({"seat": 3, "gift": 1})
    shop.pay(taken)
    assert sorted(shop.codes(taken)) == ["A", "B", "C", "X"]


def test_what_expired_is_sold_to_others(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    stock_up(shop, *"ABCDE")
    lost = [shop.place({"seat": 1}) for _ in range(4)]
    clock.ahead_ms = (HOLD - 1) * MINUTE_MS
    assert sweep(cloud) == 0
    assert available(shop) == 1

    clock.ahead_ms = (HOLD + 1) * MINUTE_MS
    assert sweep(cloud) == 4

    assert available(shop) == 5
    assert {state(shop, each) for each in lost} == {"expired"}
    clock.ahead_ms = 0
    bought = shop.place({"seat": 5})
    shop.pay(bought)
    assert sorted(shop.codes(bought)) == [*"ABCDE"]


def test_holds_that_end_together_share_a_chunk(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    stock_up(shop, *"ABCDE")
    for _ in range(4):
        shop.place({"seat": 1})
    clock.ahead_ms = (HOLD + 1) * MINUTE_MS

    sweep(cloud)

    items = cloud.table("stock").scan()["Items"]
    [back] = [item for item in items if ".r#" in item["pk"]]
    assert len(back["free"]) == 4
    with nothing_changes(cloud):
        assert sweep(cloud) == 0


def test_an_order_read_long_after_its_time_lets_go_then_and_there(shop: Shop, clock: Clock) -> None:
    stock_up(shop, "A")
    placed = shop.place({"seat": 1})
    clock.ahead_ms = HOLD * MINUTE_MS + WAIT_MS - 1000
    assert state(shop, placed) == "pending", "its provider is to close it first"
    clock.ahead_ms = HOLD * MINUTE_MS + WAIT_MS

    assert available(shop) == 0
    assert state(shop, placed) == "expired"
    assert available(shop) == 1


def test_a_late_payment_claims_anew(
    cloud: InMemory, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock_up(shop, "A", "B")
    placed = shop.place({"seat": 2})
    clock.ahead_ms = (HOLD + 1) * MINUTE_MS
    sweep(cloud)

    assert pay_late(shop, placed, monkeypatch).json["outcome"] == "delivered"
    assert sorted(shop.codes(placed)) == ["A", "B"]
    assert available(shop) == 0


def test_a_late_payment_finds_what_others_left(
    cloud: InMemory, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock_up(shop, "A", "B")
    placed = shop.place({"seat": 2})
    clock.ahead_ms = (HOLD + 1) * MINUTE_MS
    sweep(cloud)
    other = shop.place({"seat": 1})

    assert pay_late(shop, placed, monkeypatch).json["outcome"] == "refund_due"
    shop.pay(other)
    assert sorted(shop.codes(placed) + shop.codes(other)) == ["A", "B"]
    assert shop.read(placed).json["refund_due_minor"] == 4500


def test_only_lines_that_ask_for_it_are_held(shop: Shop) -> None:
    stock_up(shop, "A")
    shop.stock_up("card", ["X", "Y"])

    placed = shop.place({"card": 1, "seat": 1})

    assert (available(shop), available(shop, "card")) == (0, 2)
    shop.pay(placed)
    assert set(shop.codes(placed)) & {"A"}
    assert available(shop, "card") == 1


def test_all_or_nothing_gives_all_back(cloud: InMemory, shop: Shop) -> None:
    stock_up(shop, "A", "B", "C", hold_minutes=0, partial=False)
    shop.stock_up("card", ["X", "Y"])
    placed, quick = shop.place({"card": 1, "seat": 3}), shop.place({"seat": 1})
    shop.pay(quick)

    assert shop.pay(placed).json["outcome"] == "refund_due"

    assert shop.read(placed).json["refund_due_minor"] == 4 * 4500
    assert shop.reveal(placed).problem == "order-not-readable"
    assert (available(shop), available(shop, "card")) == (2, 2)
    with nothing_changes(cloud):
        assert shop.pay(placed).json["outcome"] == "duplicate"
    rest = shop.place({"seat": 2})
    shop.pay(rest)
    assert sorted(shop.codes(rest) + shop.codes(quick)) == ["A", "B", "C"]


def test_a_hold_for_a_paused_moment_is_bounded(shop: Shop) -> None:
    shop.put_variant("seat")
    path = "/v1/merchant/products/seat/variants/seat"
    body = {"title": "Seat", "price_minor": 4500, "currency": "EUR"}

    for minutes in (-1, 24 * 60 + 1):
        refused = shop.call("PUT", path, body | {"hold_minutes": minutes}, key="operator")
        assert (refused.status, refused.problem) == (422, "request-invalid")
