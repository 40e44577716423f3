"""Stock that follows a supplier's level: pulled, corrected; and what if the supplier is silent."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from scrip.adapters.merchants import Merchants
from scrip.adapters.offers import Offers
from scrip.adapters.stock import Stock
from scrip.domain.offer import Offer
from scrip.steps.offer import offer
from scrip.wiring.clients import table
from tests.contents import contents, nothing_changes
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.oracles.stripe_server import sign
from tests.oracles.supplier_server import SupplierServer
from tests.outbox import queued_event, sent_mail
from tests.samples import sample
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
PULL_MS = 5 * MINUTE_MS
TICK = sample("schedule_sync_stock", "tick")
KEYS = {"kind": "generated_key", "generated": {"pattern": {}}, "supply": "counted"}


def follow(shop: Shop, variant: str = "key", **more: Any) -> None:
    source = {"supplier": "outlet", "sku": f"{variant}-1", **more}
    shop.put_variant(variant, synced_from=source, **KEYS)


def pull(cloud: InMemory) -> dict[str, Any]:
    found: dict[str, Any] = cloud.invoke("schedule_sync_stock", TICK)
    return found


def stock_of(shop: Shop, variant: str = "key") -> dict[str, Any]:
    reply = shop.call("GET", f"/v1/merchant/variants/{variant}/stock", key="operator")
    assert reply.status == 200
    found: dict[str, Any] = reply.json
    return found


def available(shop: Shop, variant: str = "key") -> int:
    return int(stock_of(shop, variant)["available"])


def sell(shop: Shop, units: int, variant: str = "key") -> Reply:
    placed = shop.place({variant: units})
    assert shop.pay(placed).json["outcome"] == "delivered"
    return placed


def events(cloud: InMemory) -> list[dict[str, Any]]:
    bodies = [each["body"] for each in contents(cloud)["notifications"] if "body" in each]
    return [json.loads(body) for body in bodies]


# --- what is on sale follows


def test_a_level_goes_on_sale_and_is_counted_down_by_what_is_sold(
    cloud: InMemory, shop: Shop, outlet: SupplierServer
) -> None:
    follow(shop)
    outlet.levels["key-1"] = 100
    assert shop.place({"key": 1}).problem == "sold-out"

    assert pull(cloud)["added"] == 100

    assert outlet.asked == ["key-1"]
    assert available(shop) == 100
    sell(shop, 30)
    assert available(shop) == 70


def test_it_goes_down_and_up_with_the_level(
    cloud: InMemory, shop: Shop, outlet: SupplierServer, clock: Clock
) -> None:
    follow(shop)
    seen = []
    for level in (100, 40, 400, 0, 70):
        outlet.levels["key-1"] = level
        pull(cloud)
        seen.append(available(shop))
        clock.ahead_ms += PULL_MS

    assert seen == [100, 40, 400, 0, 70]
    assert shop.place({"key": 1}).status == 201


def test_what_was_sold_since_the_last_pull_is_not_sold_again(
    cloud: InMemory, shop: Shop, outlet: SupplierServer, clock: Clock
) -> None:
    follow(shop)
    outlet.levels["key-1"] = 50
    pull(cloud)
    sell(shop, 20)
    clock.ahead_ms += PULL_MS
    pull(cloud)
    assert available(shop) == 30, "the supplier may not have counted them yet"
    clock.ahead_ms += PULL_MS
    pull(cloud)
    assert available(shop) == 50, "now it has, and has got more"


def test_an_order_placed_before_gets_nothing_that_the_supplier_has_no_more(
    cloud: InMemory, shop: Shop, outlet: SupplierServer
) -> None:
    follow(shop)
    outlet.levels["key-1"] = 5
    pull(cloud)
    placed = shop.place({"key": 2})
    outlet.levels["key-1"] = 1

    assert pull(cloud)["taken"] == 4

    assert shop.pay(placed).json["outcome"] == "refund_due"
    assert len(shop.codes(placed)) == 1
    assert shop.place({"key": 1}).problem == "sold-out"


def test_less_than_what_was_sold_already_takes_all_off_sale(
    cloud: InMemory, shop: Shop, outlet: SupplierServer
) -> None:
    follow(shop)
    outlet.levels["key-1"] = 50
    pull(cloud)
    sell(shop, 20)
    outlet.levels["key-1"] = 10

    assert pull(cloud)["taken"] == 30
    assert pull(cloud)["taken"] == 0
    assert available(shop) == 0


def test_a_large_level_is_put_on_sale_in_parts_and_taken_off_again(
    cloud: InMemory, shop: Shop, outlet: SupplierServer
) -> None:
    follow(shop)
    outlet.levels["key-1"] = 1_000_000
    assert pull(cloud)["added"] == 8000
    assert available(shop) == 8000
    outlet.levels["key-1"] = 7

    assert pull(cloud)["taken"] == 7993

    assert available(shop) == 7


def test_levels_that_go_up_and_down_leave_no_long_directory(
    cloud: InMemory, shop: Shop, outlet: SupplierServer, clock: Clock
) -> None:
    follow(shop)
    longest, ranges = 0, 0
    key = {"pk": "demo#key#directory"}
    for turn in range(36):
        outlet.levels["key-1"] = (100, 130, 90, 200, 60)[turn % 5] + turn % 3
        pull(cloud)
        paid = shop.stripe.paid(shop.place({"key": turn % 4 + 1}).json["payment"]["reference"])
        signature = sign(paid, at=clock.now_ms // 1000)
        assert shop.callback(paid, signature).json["outcome"] == "delivered"
        clock.ahead_ms += PULL_MS
        directory = cloud.table("stock").get_item(Key=key)["Item"]
        ranges = len(directory["ranges"])
        longest = max(longest, ranges, len(directory.get("closed", ())))

    assert longest < 60
    assert ranges < 10, "what was emptied is compacted away"
    assert available(shop) > 0


def test_a_pace_is_told_of_what_was_sold_only(
    cloud: InMemory, shop: Shop, outlet: SupplierServer, clock: Clock
) -> None:
    follow(shop)
    outlet.levels["key-1"] = 100
    pull(cloud)
    cloud.invoke("schedule_watch_stock", TICK)
    sell(shop, 4)
    outlet.levels["key-1"] = 50
    pull(cloud)
    clock.ahead_ms = 24 * 60 * MINUTE_MS

    assert stock_of(shop)["sold_per_day"] == 4.0


def test_its_merchant_sees_how_it_goes(
    cloud: InMemory, shop: Shop, outlet: SupplierServer, clock: Clock
) -> None:
    shop.put_variant("plain", **KEYS)
    follow(shop)
    assert stock_of(shop, "plain")["synced"] is None
    fresh = {"level": None, "as_of_ms": None, "asked_at_ms": None, "error": None}
    source = {"supplier": "outlet", "sku": "key-1"}
    assert stock_of(shop)["synced"] == source | fresh | {"off_sale": False}
    as_of_ms = clock.now_ms - MINUTE_MS
    outlet.levels["key-1"] = {"units": 12, "as_of_ms": as_of_ms}

    pull(cloud)

    seen = stock_of(shop)["synced"]
    assert (seen["level"], seen["as_of_ms"], seen["error"]) == (12, as_of_ms, None)
    assert seen["asked_at_ms"] >= as_of_ms + MINUTE_MS


def test_what_a_cap_keeps_back_goes_first(
    cloud: InMemory, shop: Shop, outlet: SupplierServer
) -> None:
    follow(shop)
    outlet.levels["key-1"] = 500
    pull(cloud)
    stock = Stock(table(cloud.values["StockTable"]))
    assert offer("demo", "key", 100, now_ms=1, stock=Offers(stock)) == Offer(100, 400)
    for level, expected in ((480, Offer(100, 380)), (250, Offer(100, 150)), (60, Offer(60, 0))):
        outlet.levels["key-1"] = level
        pull(cloud)
        assert offer("demo", "key", 100, now_ms=1, stock=Offers(stock)) == expected


# --- the supplier does not tell


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, "no_answer"),
        ((500, b"oops"), "no_answer"),
        ((200, b"<html>"), "answer_invalid"),
        ((200, b'{"units": -3}'), "answer_invalid"),
        ((200, b'{"units": 2000000000}'), "answer_invalid"),
        ((200, b'{"units": 4.5}'), "answer_invalid"),
        ((200, b'{"units": 4, "as_of_ms": 99999999999999}'), "answer_invalid"),
        ((404, b"{}"), "answer_invalid"),
    ],
)
def test_a_pull_that_tells_no_level_leaves_what_is_on_sale(
    cloud: InMemory,
    shop: Shop,
    outlet: SupplierServer,
    answer: tuple[int, bytes] | None,
    error: str,
) -> None:
    follow(shop)
    outlet.levels["key-1"] = 10
    pull(cloud)
    sell(shop, 4)
    outlet.fail_with.append(answer)

    assert pull(cloud)["failures"] == [error]

    assert available(shop) == 6
    assert stock_of(shop)["synced"]["error"] == error
    pull(cloud)
    assert stock_of(shop)["synced"]["error"] is None


def test_a_level_that_grew_old_goes_off_sale_with_one_warning_and_comes_back(
    cloud: InMemory, shop: Shop, outlet: SupplierServer, clock: Clock
) -> None:
    Merchants(table(cloud.values["MerchantsTable"])).change(
        "demo", notify_email="boss@shop.example"
    )
    follow(shop, stale_minutes=12)
    outlet.levels["key-1"] = 10
    pull(cloud)
    as_of_ms = stock_of(shop)["synced"]["as_of_ms"]
    outlet.fail_with = [None] * 4
    off_sale = []
    for _ in range(4):
        clock.ahead_ms += PULL_MS
        off_sale.append(pull(cloud)["off_sale"])

    assert off_sale == [0, 0, 1, 0]
    assert (available(shop), stock_of(shop)["synced"]["off_sale"]) == (0, True)
    assert shop.place({"key": 1}).problem == "sold-out"
    [event] = events(cloud)
    assert (event["type"], event["event_id"]) == ("stock.unsynced", f"key.{as_of_ms}.unsynced")
    assert event["data"]["as_of_ms"] == as_of_ms
    assert cloud.invoke("queue_send_mail", queued_event(cloud)) == {"batchItemFailures": []}
    assert [mail.subject for mail in sent_mail()] == ["key: off sale, its supplier does not answer"]
    assert "has told no level since 20" in sent_mail()[0].body
    clock.ahead_ms += PULL_MS
    pull(cloud)
    assert (available(shop), stock_of(shop)["synced"]["off_sale"]) == (10, False)


def test_a_silent_supplier_is_asked_three_times_a_run_and_holds_up_nobody_else(
    cloud: InMemory, shop: Shop, outlet: SupplierServer
) -> None:
    for number in range(5):
        follow(shop, f"key{number}")
        outlet.levels[f"key{number}-1"] = 10
    outlet.fail_with = [None] * 9

    pulled = pull(cloud)

    assert (pulled["variants"], pulled["failures"]) == (5, ["no_answer"] * 5)
    assert len(outlet.asked) == 3
    outlet.fail_with = []
    assert pull(cloud)["added"] == 50


def test_a_supplier_that_was_removed_is_told_as_unknown(
    cloud: InMemory, shop: Shop, supplier_api: SupplierServer
) -> None:
    with supplier_api.registered():
        supplier_api.open_account(cloud.values, shop.merchant_id)
        follow(shop)

    assert pull(cloud)["failures"] == ["supplier_unknown"]
    assert stock_of(shop)["synced"]["error"] == "supplier_unknown"


# --- runs


def test_a_run_without_time_is_taken_up_by_the_next(
    cloud: InMemory,
    shop: Shop,
    open_another: Callable[..., Shop],
    outlet: SupplierServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zhang = open_another("zhang")
    outlet.open_account(cloud.values, "zhang")
    for variant in ("key1", "key2", "key3"):
        follow(shop, variant)
    follow(zhang, "key4")
    outlet.levels |= {f"key{number}-1": 5 for number in range(1, 5)}
    looks = iter([True, True, False, True, True, *[True] * 9])

    def has_time(started_ms: int) -> bool:
        return next(looks)

    monkeypatch.setattr("functions.schedule_sync_stock.handler.in_time", has_time)

    first = pull(cloud)
    assert (first["complete"], first["variants"]) == (False, 2)
    second = pull(cloud)
    assert (second["complete"], second["variants"]) == (True, 2)
    assert outlet.asked == ["key1-1", "key2-1", "key3-1", "key4-1"]
    assert pull(cloud)["variants"] == 4


def test_who_follows_nobody_is_left_alone(
    cloud: InMemory, shop: Shop, outlet: SupplierServer
) -> None:
    shop.put_variant("key", **KEYS)
    shop.add_units("key", 5, idempotency_key="first")

    with nothing_changes(cloud):
        assert pull(cloud)["variants"] == 0
    assert outlet.asked == []


def test_units_of_before_are_part_of_what_follows(
    cloud: InMemory, shop: Shop, outlet: SupplierServer
) -> None:
    shop.put_variant("key", **KEYS)
    shop.add_units("key", 40, idempotency_key="first")
    follow(shop)
    outlet.levels["key-1"] = 25

    assert pull(cloud)["taken"] == 15
    assert available(shop) == 25
    shop.put_variant("key", **KEYS)
    again = shop.add_units("key", 40, idempotency_key="first")
    assert (again.status, available(shop)) == (200, 25), "added before, not anew"
