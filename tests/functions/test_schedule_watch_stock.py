"""The watch over stock: what has ended is moved out, levels are kept, merchants are warned once."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from scrip.adapters.merchants import Merchants
from scrip.wiring.clients import table
from tests.contents import contents, nothing_changes
from tests.ending import give_an_end
from tests.functions.conftest import Clock
from tests.functions.test_holds import pay_late
from tests.in_memory import InMemory
from tests.outbox import queued_event, sent_mail
from tests.samples import sample
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
TICK = sample("schedule_watch_stock", "tick")
LONG = "X" * 180


@pytest.fixture
def told(cloud: InMemory, shop: Shop) -> Shop:
    """The shop, with an address to be told at."""
    Merchants(table(cloud.values["MerchantsTable"])).change(
        "demo", notify_email="boss@shop.example"
    )
    return shop


def watch(cloud: InMemory) -> dict[str, Any]:
    found: dict[str, Any] = cloud.invoke("schedule_watch_stock", TICK)
    return found


def stock_of(shop: Shop, variant: str = "card") -> dict[str, Any]:
    reply = shop.call("GET", f"/v1/merchant/variants/{variant}/stock", key="operator")
    assert reply.status == 200
    found: dict[str, Any] = reply.json
    return found


def stock_up(shop: Shop, count: int, variant: str = "card", **changes: Any) -> None:
    """Codes of which about four fit into a chunk."""
    shop.put_variant(variant, **changes)
    codes = [f"{variant}-{number:03d}-{LONG}" for number in range(count)]
    assert shop.import_codes(variant, codes, idempotency_key=f"first-{variant}").status == 200


def sell(shop: Shop, units: int, variant: str = "card") -> Reply:
    placed = shop.place({variant: units})
    assert shop.pay(placed).json["outcome"] == "delivered"
    return placed


def mailed(cloud: InMemory) -> list[str]:
    """Subjects of what is sent now."""
    before = len(sent_mail())
    event = queued_event(cloud)
    if event["Records"]:
        assert cloud.invoke("queue_send_mail", event) == {"batchItemFailures": []}
    return [mail.subject for mail in sent_mail()[before:]]


def events(cloud: InMemory) -> list[dict[str, Any]]:
    """What a webhook would tell, oldest first."""
    bodies = [each["body"] for each in contents(cloud)["notifications"] if "body" in each]
    return sorted((json.loads(body) for body in bodies), key=lambda each: each["at_ms"])


# --- what has ended


def test_ended_codes_are_moved_out_and_counted_once(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    stock_up(shop, 10)
    sell(shop, 3)
    give_an_end(cloud.table("stock"), "card", clock.now_ms + 20 * DAY_MS)
    watch(cloud)
    assert (stock_of(shop)["available"], stock_of(shop)["expired"]) == (7, 0)
    clock.ahead_ms = 20 * DAY_MS + HOUR_MS

    assert watch(cloud)["expired"] == 7

    seen = stock_of(shop)
    assert (seen["imported"], seen["available"], seen["expired"]) == (10, 0, 7)
    assert seen["shelves"] == []
    directory = next(i for i in contents(cloud)["stock"] if i["pk"].endswith("#directory"))
    assert directory["ranges"] == []
    with nothing_changes(cloud):
        assert watch(cloud)["expired"] == 0


def test_what_ended_never_sells_and_the_rest_goes_on(
    cloud: InMemory, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock_up(shop, 4)
    give_an_end(cloud.table("stock"), "card", clock.now_ms + DAY_MS)
    more = [f"more-{number}" for number in range(2)]
    assert shop.import_codes("card", more, idempotency_key="more").status == 200
    clock.ahead_ms = DAY_MS

    watch(cloud)

    bought = shop.place({"card": 1})
    pay_late(shop, bought, monkeypatch)
    assert shop.codes(bought)[0] in more
    assert stock_of(shop)["shelves"] == [{"until_ms": None, "available": 1, "kept": 0}]


def test_an_order_that_points_at_what_was_moved_out_is_served_from_the_rest(
    cloud: InMemory, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock_up(shop, 4)
    give_an_end(cloud.table("stock"), "card", clock.now_ms + DAY_MS)
    placed = shop.place({"card": 1})
    assert shop.import_codes("card", ["more-1"], idempotency_key="more").status == 200
    clock.ahead_ms = DAY_MS
    watch(cloud)

    assert pay_late(shop, placed, monkeypatch).json["outcome"] == "delivered"
    assert shop.codes(placed) == ["more-1"]


def test_a_code_that_comes_back_after_it_was_moved_out_is_counted_then(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    stock_up(shop, 6, hold_minutes=60)
    give_an_end(cloud.table("stock"), "card", clock.now_ms + 30 * MINUTE_MS)
    shop.place({"card": 2})
    clock.ahead_ms = 31 * MINUTE_MS
    assert watch(cloud)["expired"] == 4
    clock.ahead_ms = 61 * MINUTE_MS

    assert cloud.invoke("schedule_expire_orders", {})["expired"] == 1

    assert (stock_of(shop)["available"], stock_of(shop)["expired"]) == (0, 6)
    watch(cloud)
    assert stock_of(shop)["expired"] == 6


def test_a_code_that_comes_back_before_it_is_moved_out_is_counted_once(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    stock_up(shop, 6, hold_minutes=60)
    give_an_end(cloud.table("stock"), "card", clock.now_ms + 30 * MINUTE_MS)
    shop.place({"card": 2})
    clock.ahead_ms = 61 * MINUTE_MS
    cloud.invoke("schedule_expire_orders", {})

    assert watch(cloud)["expired"] == 6
    assert stock_of(shop)["expired"] == 6


def test_a_long_run_of_ended_chunks_is_moved_out_in_pieces(
    cloud: InMemory, shop: Shop, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrip.flows.watch_stock.CHUNKS_AT_ONCE", 2)
    stock_up(shop, 25)
    give_an_end(cloud.table("stock"), "card", clock.now_ms + DAY_MS)
    clock.ahead_ms = DAY_MS

    assert watch(cloud)["expired"] == 25
    assert stock_of(shop)["expired"] == 25


def test_a_run_without_time_is_taken_up_by_the_next(
    cloud: InMemory, shop: Shop, open_another: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variant in ("card-1", "card-2", "card-3"):
        stock_up(shop, 2, variant)
    stock_up(open_another("zhang"), 2)
    looks = iter([True, True, False, True, True, *[True] * 9])

    def has_time(started_ms: int) -> bool:
        return next(looks)

    monkeypatch.setattr("functions.schedule_watch_stock.handler.in_time", has_time)

    first = watch(cloud)
    assert (first["complete"], first["variants"]) == (False, 2)
    second = watch(cloud)
    assert (second["complete"], second["variants"]) == (True, 2)
    assert watch(cloud)["variants"] == 4


# --- levels


def test_sales_are_told_from_levels(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    stock_up(shop, 20)
    assert stock_of(shop)["sold_per_day"] == 0
    assert stock_of(shop)["days_left"] is None
    watch(cloud)
    sell(shop, 6)
    clock.ahead_ms = 2 * DAY_MS

    seen = stock_of(shop)

    assert (seen["available"], seen["sold_per_day"], seen["days_left"]) == (14, 3.0, 4)
    watch(cloud)
    assert stock_of(shop)["sold_per_day"] == 3.0


def test_shelves_tell_when_codes_end(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    stock_up(shop, 3)
    until_ms = clock.now_ms + 30 * DAY_MS
    give_an_end(cloud.table("stock"), "card", until_ms)
    shop.import_codes("card", ["more-1", "more-2"], idempotency_key="more")

    assert stock_of(shop)["shelves"] == [
        {"until_ms": until_ms, "available": 3, "kept": 0},
        {"until_ms": None, "available": 2, "kept": 0},
    ]


def test_a_shop_that_sells_nothing_is_counted_once_a_day(
    cloud: InMemory, shop: Shop, clock: Clock
) -> None:
    stock_up(shop, 30)
    stock_up(shop, 30, "gift")
    shop.put_variant("never")
    assert watch(cloud)["counted"] == 2
    clock.ahead_ms = HOUR_MS if clock.now_ms % DAY_MS < 22 * HOUR_MS else -HOUR_MS

    with nothing_changes(cloud):
        seen = watch(cloud)
    assert (seen["variants"], seen["counted"]) == (2, 0)
    shop.import_codes("gift", ["gift-new"], idempotency_key="more")
    assert watch(cloud)["counted"] == 1
    shop.place({"card": 1})
    assert watch(cloud)["counted"] == 2
    clock.ahead_ms += 4 * DAY_MS
    assert watch(cloud)["counted"] == 2, "a new day"
    assert watch(cloud)["counted"] == 0


# --- warnings


def test_the_merchant_is_mailed_once_that_stock_is_low_and_once_that_it_is_gone(
    cloud: InMemory, told: Shop
) -> None:
    stock_up(told, 8)
    watch(cloud)
    assert mailed(cloud) == []
    sell(told, 3)

    assert watch(cloud)["warned"] == 1
    assert mailed(cloud) == ["card: stock is low"]
    assert "5 codes are left" in sent_mail()[-1].body
    assert sent_mail()[-1].destinations["ToAddresses"] == ["boss@shop.example"]
    sell(told, 1)
    assert watch(cloud)["warned"] == 0
    sell(told, 4)
    watch(cloud)
    watch(cloud)
    assert mailed(cloud) == ["card: sold out"]
    assert [each["type"] for each in events(cloud)] == ["stock.low", "stock.sold_out"]


def test_it_is_warned_anew_after_it_was_restocked(cloud: InMemory, told: Shop) -> None:
    stock_up(told, 2)
    sell(told, 2)
    watch(cloud)
    told.import_codes("card", [f"new-{n}" for n in range(20)], idempotency_key="more")
    watch(cloud)
    sell(told, 20)
    watch(cloud)

    assert mailed(cloud) == ["card: sold out", "card: sold out"]


def test_codes_that_end_soon_are_told_with_their_number_and_day(
    cloud: InMemory, told: Shop, clock: Clock
) -> None:
    stock_up(told, 9)
    give_an_end(cloud.table("stock"), "card", clock.now_ms + 20 * DAY_MS)
    told.import_codes("card", [f"new-{n}" for n in range(20)], idempotency_key="more")
    watch(cloud)
    assert mailed(cloud) == []
    clock.ahead_ms = 7 * DAY_MS

    watch(cloud)
    watch(cloud)

    assert mailed(cloud) == ["card: codes end soon"]
    assert "9 unsold codes of card (card) at Shop demo end by 2" in sent_mail()[-1].body
    [event] = events(cloud)
    assert (event["event_id"], event["type"]) == ("card.1.ending", "stock.ending")
    assert (event["data"]["ending"], event["data"]["available"]) == (9, 29)


def test_a_merchant_chooses_when_it_is_warned(cloud: InMemory, told: Shop, clock: Clock) -> None:
    path = "/v1/merchant/products/card/variants/card"
    body = {"title": "card", "price_minor": 4500, "currency": "EUR"}
    stock_up(told, 9)
    settings = {"warn_days": 3, "low_stock": 20, "low_days": 0}
    reply = told.call("PUT", path, body | settings, key="operator")
    assert {name: reply.json[name] for name in settings} == settings
    give_an_end(cloud.table("stock"), "card", clock.now_ms + 4 * DAY_MS)

    watch(cloud)
    assert mailed(cloud) == ["card: stock is low"]
    clock.ahead_ms = 2 * DAY_MS
    watch(cloud)
    assert mailed(cloud) == ["card: codes end soon"]
    for name, value in (("warn_days", 91), ("low_stock", -1), ("low_days", 91)):
        assert told.call("PUT", path, body | {name: value}, key="operator").status == 422


def test_a_variant_of_before_the_settings_has_their_defaults(cloud: InMemory, shop: Shop) -> None:
    shop.put_variant("card")
    key = {"pk": "demo", "sk": "variant#card"}
    cloud.table("catalogue").update_item(Key=key, UpdateExpression="REMOVE warns")

    product = shop.call("GET", "/v1/merchant/products/card", key="operator")

    [variant] = product.json["variants"]
    assert [variant[name] for name in ("warn_days", "low_stock", "low_days")] == [14, 5, 3]


def test_nobody_is_mailed_where_there_is_no_address(cloud: InMemory, shop: Shop) -> None:
    stock_up(shop, 2)

    assert watch(cloud)["warned"] == 1
    assert mailed(cloud) == []
    assert len(events(cloud)) == 1, "the event is left for the merchant's own systems"


def test_a_chinese_shop_is_told_in_chinese(
    cloud: InMemory, open_another: Callable[..., Shop]
) -> None:
    shop = open_another("zhang", locale="zh")
    Merchants(table(cloud.values["MerchantsTable"])).change("zhang", notify_email="l@zhang.example")
    stock_up(shop, 2)
    watch(cloud)

    assert mailed(cloud) == ["card：库存不足"]


def test_a_warning_delivered_twice_is_mailed_once(cloud: InMemory, told: Shop) -> None:
    stock_up(told, 2)
    watch(cloud)
    event = queued_event(cloud)

    for _ in range(2):
        assert cloud.invoke("queue_send_mail", event) == {"batchItemFailures": []}

    assert [mail.subject for mail in sent_mail()] == ["card: stock is low"]


def test_a_warning_that_is_not_on_record_is_acknowledged(cloud: InMemory, told: Shop) -> None:
    unknown = sample("queue_send_mail", "stock_warned", event_id="card.9.low")

    with nothing_changes(cloud):
        assert cloud.invoke("queue_send_mail", unknown) == {"batchItemFailures": []}

    assert sent_mail() == []


def test_messages_hold_ids_only(cloud: InMemory, told: Shop) -> None:
    stock_up(told, 2)
    watch(cloud)

    messages = boto3.client("sqs").receive_message(QueueUrl=cloud.values["MailQueueUrl"])

    [message] = messages["Messages"]
    assert json.loads(message["Body"]) == {
        "kind": "stock_warned",
        "merchant_id": "demo",
        "event_id": "card.1.low",
    }
