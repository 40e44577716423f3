"""What suppliers tell of balances and costs, what is sold by it, and what if they are silent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scrip.adapters.merchants import Merchants
from scrip.adapters.scorecards import Scorecards
from scrip.adapters.standings import Standings
from scrip.adapters.supplier_gates import SupplierGates
from scrip.domain.errors import VariantHalted
from scrip.domain.gate import TROUBLES
from scrip.domain.scorecard import Ending
from scrip.domain.standing import FRESH_MS, Record
from scrip.domain.supplier_terms import Limits
from tests.contents import contents, nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.in_memory import InMemory, forget_adapters
from tests.outbox import queued_event, sent_mail
from tests.samples import sample
from tests.shop import Shop
from tests.top_ups import PHONE, order_top_up, sell_top_up
from tests.topping_up import table
from tests.vendor import Book, vendors

MINUTE_MS = 60_000
RUN_MS = 5 * MINUTE_MS
TICK = sample("schedule_sync_suppliers", "tick")
ACCOUNTS = ("one", "two")


@pytest.fixture
def book(cloud: InMemory, shop: Shop) -> Iterator[Book]:
    with vendors() as made:
        for account in ACCOUNTS:
            made.open_account(cloud.values, shop.merchant_id, account)
        made.costs |= {("one", "A"): 900, ("two", "B"): 950}
        yield made


def sell(shop: Shop, *routes: str, variant: str = "minutes", **changes: Any) -> None:
    """At 10.00 EUR, by routes such as `one A`."""
    named = [dict(zip(("supplier", "sku"), each.split(), strict=True)) for each in routes]
    sell_top_up(shop, variant, routes=named, **changes)


def ask(cloud: InMemory) -> dict[str, Any]:
    found: dict[str, Any] = cloud.invoke("schedule_sync_suppliers", TICK)
    return found


def routes_of(shop: Shop, variant: str = "minutes") -> dict[str, Any]:
    reply = shop.call("GET", f"/v1/merchant/variants/{variant}/routes", key="finance")
    assert reply.status == 200, reply.text
    found: dict[str, Any] = reply.json
    return found


def in_stock(shop: Shop) -> bool:
    [product] = shop.call("GET", "/v1/products", key="storefront").json["products"]
    return bool(product["variants"][0]["in_stock"])


def events(cloud: InMemory) -> list[str]:
    bodies = [each["body"] for each in contents(cloud)["notifications"] if "body" in each]
    told = sorted(map(json.loads, bodies), key=lambda each: (each["at_ms"], each["type"]))
    return [each["type"] for each in told]


def mails(cloud: InMemory) -> list[str]:
    """All so far. Messages come twice."""
    event = queued_event(cloud)
    records = event["Records"] * 2
    assert cloud.invoke("queue_send_mail", {"Records": records}) == {"batchItemFailures": []}
    return [mail.subject for mail in sent_mail()]


# --- what is known


def test_each_account_and_good_is_asked_about_once_and_its_merchant_sees_it(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    for done in (True, True, True, False):
        ending = Ending.DONE if done else Ending.FAILED
        Scorecards(table(cloud, "top_ups")).add("demo", "one", ending, 4_000, clock.now_ms)
    sell(shop, "two B", "one A", routing={"margin_percent": 5})
    sell(shop, "one A", variant="more")
    sell(shop, "one C", variant="paused")
    pause(shop, "paused")

    told = ask(cloud)

    assert sorted(book.asked) == ["one A", "one balance", "two B", "two balance"]
    assert (told["accounts"], told["goods"], told["complete"]) == (2, 2, True)
    seen = routes_of(shop)
    assert seen["routing"] == {"preference": "cheapest", "margin_percent": 5}
    two, one = seen["routes"]
    assert (two["supplier"], two["turn"], two["cost"]["amount_minor"]) == ("two", 2, 950)
    assert (one["turn"], one["barred"], one["available"]) == (1, None, True)
    assert (one["balance"]["amount_minor"], one["balance"]["currency"]) == (1_000_000, "EUR")
    assert (one["orders"], one["done"], one["half_ms"]) == (4, 3, 5_000)


def pause(shop: Shop, product: str) -> None:
    path = f"/v1/merchant/products/{product}"
    form = shop.call("GET", path, key="operator").json["form"]
    body = {"title": product, "kind": "top_up", "form": form, "status": "paused"}
    assert shop.call("PUT", path, body, key="operator").status == 200


def test_who_sells_no_top_ups_costs_nothing(cloud: InMemory, shop: Shop, book: Book) -> None:
    shop.stock_up("card", ["C-1"])

    with nothing_changes(cloud):
        assert ask(cloud)["accounts"] == 0
    assert book.asked == []
    assert routes_of(shop, "card")["routes"] == []
    assert shop.call("GET", "/v1/merchant/variants/no/routes", key="operator").status == 404


# --- what is halted


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"costs": {("one", "A"): 1001}}, "price"),
        ({"gone": {"A"}}, "availability"),
        ({"balances": {"one": 899}}, "balance"),
    ],
)
def test_what_nobody_can_deliver_is_not_sold_and_sold_again_by_itself(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock, change: dict[str, Any], why: str
) -> None:
    merchants = Merchants(table(cloud, "merchants"))
    merchants.change("demo", notify_email="boss@shop.example")
    sell(shop, "one A")
    ask(cloud)
    assert (in_stock(shop), order_top_up(shop).status) == (True, 201)
    costs, gone, balances = dict(book.costs), set(book.gone), dict(book.balances)
    book.costs |= change.get("costs", {})
    book.gone |= change.get("gone", set())
    book.balances |= change.get("balances", {})

    halted = [ask(cloud)["halted"] for _ in range(3)]

    assert halted == [1, 0, 0]
    assert not in_stock(shop)
    with nothing_changes(cloud):
        refused = order_top_up(shop)
    assert is_refused(refused, VariantHalted)
    seen = routes_of(shop)
    assert (seen["halted"], seen["routes"][0]["barred"]) == ([why], why)
    low = ["supplier.balance_low"] if why == "balance" else []
    assert sorted(events(cloud)) == [*low, "variant.halted"]
    assert len(mails(cloud)) == 1 + len(low)

    book.costs, book.gone, book.balances = costs, gone, balances
    clock.ahead_ms += RUN_MS
    assert [ask(cloud)["resumed"] for _ in range(2)] == [1, 0]

    assert (in_stock(shop), order_top_up(shop).status) == (True, 201)
    assert routes_of(shop)["halted"] == []
    assert sorted(events(cloud)) == [*low, "variant.halted", "variant.resumed"]
    assert mails(cloud)[-1] == "minutes: sold again"


def test_a_known_order_is_answered_again_while_its_variant_is_halted(
    cloud: InMemory, shop: Shop, book: Book
) -> None:
    sell(shop, "one A")
    lines = {"minutes": 1}
    filled = {"minutes": {"phone": PHONE}}
    placed = shop.place(lines, filled=filled, idempotency_key="known")
    book.gone.add("A")
    ask(cloud)

    again = shop.place(lines, filled=filled, idempotency_key="known")

    assert again.json["order"]["order_id"] == placed.json["order"]["order_id"]


def test_one_route_is_enough_to_sell(cloud: InMemory, shop: Shop, book: Book) -> None:
    sell(shop, "one A", "two B")
    book.costs["one", "A"] = 1001

    assert ask(cloud)["halted"] == 0
    book.gone.add("B")
    assert ask(cloud)["halted"] == 1
    assert routes_of(shop)["halted"] == ["availability", "price"]
    beforehand = {"variant_id": "minutes", "filled": {"phone": PHONE}}
    checked = shop.call("POST", "/v1/top-ups/checks", beforehand, key="storefront")
    assert checked.json == {"result": "refused", "reason": "good"}


def test_a_low_balance_stops_sales_early_and_is_told_once(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    merchants = Merchants(table(cloud, "merchants"))
    merchants.change("demo", notify_email="boss@shop.example", locale="zh")
    merchants.limit_supplier("demo", "one", Limits(min_balance_minor=50_000))
    sell(shop, "one A", "two B")
    book.balances["one"] = 49_999

    seen = []
    for balance in (49_999, 49_000, 50_000, 60_000, 40_000):
        book.balances["one"] = balance
        told = ask(cloud)
        seen.append((told["low"], told["halted"]))
        clock.ahead_ms += RUN_MS

    assert seen == [(1, 0), (0, 0), (0, 0), (0, 0), (1, 0)]
    assert [each["barred"] for each in routes_of(shop)["routes"]] == ["balance", None]
    assert mails(cloud) == ["one：供应商账户余额不足"] * 2
    assert "499.99 EUR" in sent_mail()[0].body


# --- suppliers that do not tell


def test_a_silent_supplier_holds_up_nobody_and_changes_nothing(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    book.costs |= {("one", sku): 900 for sku in "CDEF"}
    sell(shop, "one A", "one C", "one D", "one E", "one F")
    sell(shop, "two B", variant="other")
    ask(cloud)
    before = Standings(table(cloud, "top_ups")).of_all("demo", ["one"])["one"]
    book.silent.add("one")
    book.asked.clear()

    told = ask(cloud)

    assert (told["failures"], len(book.asked)) == (["supplier-unavailable"] * 2, 4)
    after = Standings(table(cloud, "top_ups")).of_all("demo", ["one"])["one"]
    assert (after.quotes, after.balance) == (before.quotes, before.balance)


def test_silence_neither_halts_nor_resumes(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "one A")
    sell(shop, "two B", variant="other")
    book.gone.add("A")
    assert ask(cloud)["halted"] == 1
    book.silent |= {"one", "two"}
    clock.ahead_ms += 2 * FRESH_MS
    told = ask(cloud)

    assert (told["halted"], told["resumed"]) == (0, 0)
    assert routes_of(shop)["halted"] == ["availability"]
    assert routes_of(shop)["routes"][0]["barred"] is None, "what is old bars no order that is paid"
    assert order_top_up(shop).problem == "variant-halted"


def test_a_good_that_makes_no_sense_is_not_known_and_closes_no_gate(
    cloud: InMemory, shop: Shop, book: Book
) -> None:
    del book.costs["one", "A"]
    sell(shop, "one A")

    told = [ask(cloud) for _ in range(TROUBLES + 1)][-1]

    assert told["failures"] == ["supplier-answer-invalid"]
    assert (told["accounts"], told["halted"]) == (1, 0)
    assert routes_of(shop)["routes"][0]["cost"] is None


def test_a_supplier_that_is_left_alone_is_not_asked(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    sell(shop, "one A")
    gates = SupplierGates(table(cloud, "top_ups"))
    for _ in range(TROUBLES):
        gates.trouble("demo", "one", clock.now_ms)

    assert ask(cloud)["failures"] == ["closed"]
    assert book.asked == []


def test_a_rate_is_kept_and_what_was_told_longest_ago_is_asked_for_first(
    cloud: InMemory, shop: Shop, book: Book, clock: Clock
) -> None:
    Merchants(table(cloud, "merchants")).limit_supplier("demo", "one", Limits(per_minute=6))
    book.costs |= {("one", sku): 900 for sku in "CDE"}
    sell(shop, "one A", "one C", "one D", "one E")
    began_ms = clock.now_ms

    first = ask(cloud)

    assert book.asked == ["one balance", "one A", "one C"]
    assert (first["failures"], first["complete"]) == (["too_fast"], True)
    assert 20_000 <= clock.now_ms - began_ms < 29_000
    book.asked.clear()
    clock.ahead_ms += RUN_MS
    ask(cloud)
    assert book.asked == ["one balance", "one D", "one E"]


def test_an_account_that_is_gone_is_told(cloud: InMemory, shop: Shop) -> None:
    with vendors() as book:
        book.open_account(cloud.values, shop.merchant_id, "one")
        sell(shop, "one A")

    assert ask(cloud)["failures"] == ["supplier-unknown"]


# --- runs


def test_a_run_without_time_is_taken_up_by_the_next(
    cloud: InMemory, shop: Shop, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(shop, "one A", "two B")
    book.gone |= {"A", "B"}
    looks = iter([True, False, *[True] * 9])

    def has_time(started_ms: int) -> bool:
        return next(looks)

    monkeypatch.setattr("functions.schedule_sync_suppliers.handler.in_time", has_time)

    first, second, third = ask(cloud), ask(cloud), ask(cloud)

    assert (first["complete"], first["accounts"], first["halted"]) == (False, 1, 0)
    assert (second["complete"], second["accounts"], second["halted"]) == (True, 1, 1)
    assert book.asked[:4] == ["one balance", "one A", "two balance", "two B"]
    assert third["accounts"] == 2


def test_who_puts_a_variant_meanwhile_is_judged_by_the_next_run(
    cloud: InMemory, shop: Shop, book: Book
) -> None:
    sell(shop, "one A")
    book.costs["one", "A"] = 1100
    book.meanwhile = lambda: sell(shop, "one A", price=1200)

    assert ask(cloud)["halted"] == 0, "it was put with a price that leaves enough"
    assert (in_stock(shop), events(cloud)) == (True, [])
    book.meanwhile = lambda: sell(shop, "one A", price=1000)
    assert ask(cloud)["halted"] == 0
    assert ask(cloud)["halted"] == 1
    sell(shop, "one A", price=1000, title="again")
    assert not in_stock(shop), "it is not the merchant's to lift"
    sell(shop, "one A", price=1200)
    assert ask(cloud)["resumed"] == 1


def test_two_runs_at_once_tell_once(cloud: InMemory, shop: Shop, book: Book) -> None:
    sell(shop, "one A")
    book.gone.add("A")
    book.balances["one"] = 1
    inner: list[dict[str, Any]] = []
    book.meanwhile = lambda: inner.append(ask(cloud))

    outer = ask(cloud)

    assert (outer["halted"], inner[0]["halted"], outer["low"], inner[0]["low"]) == (0, 1, 0, 1)
    assert events(cloud) == ["supplier.balance_low", "variant.halted"]
    forget_adapters()
    kept = Standings(table(cloud, "top_ups")).of_all("demo", ["one"])["one"]
    assert kept.record == Record()
    assert kept.low
    assert kept.low.told
