"""A code that a supplier sells on demand: from the paid order to the buyer's eyes, and to nobody
else's."""

from collections.abc import Iterator
from io import StringIO

import pytest

from scrip.adapters.orders import Orders
from scrip.adapters.top_ups import TopUps
from scrip.domain.attempt import Attempt, AttemptState
from scrip.domain.code import Code
from scrip.domain.supplier_terms import DAY_MS
from scrip.domain.top_up import Unit
from scrip.telemetry import logger
from tests.buying_codes import (
    ACCOUNT,
    PRICE,
    SKU,
    VARIANT,
    call_cards_at,
    kept_codes,
    open_cards_account,
    sell_cards,
    shown,
    sold,
)
from tests.contents import contents
from tests.functions.conftest import Clock
from tests.functions.test_queue_top_up import advance, until_it_ends
from tests.in_memory import InMemory
from tests.outbox import publish, queued_event, sent_mail
from tests.shop import Reply, Shop
from tests.suppliers.book import Order
from tests.suppliers.faults import Fate as Becomes
from tests.suppliers.faults import Fault, Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.topping_up import said_after_all, table, take_queued


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(KINDS["reloadly_cards"].dialect) as state:
        yield state


@pytest.fixture
def supplier(server: Simulator, cloud: InMemory, shop: Shop, clock: Clock) -> Simulator:
    server.now_ms = clock.now_ms
    server.begin(Plan(), goods={SKU: 2500})
    call_cards_at(cloud, server.base)
    open_cards_account(cloud.values, shop.merchant_id)
    sell_cards(shop)
    return server


def bought(shop: Shop, cloud: InMemory, units: int = 1) -> Reply:
    placed = shop.place({VARIANT: units})
    assert placed.status == 201, placed.text
    assert shop.pay(placed).json == {"outcome": "fulfilling"}
    publish(cloud)
    return placed


def ready(shop: Shop, cloud: InMemory, supplier: Simulator, clock: Clock, units: int = 1) -> Reply:
    supplier.plan.fates.extend([Becomes()] * units)
    placed = bought(shop, cloud, units)
    until_it_ends(cloud, supplier, clock)
    assert shop.read(placed).json["state"] == "delivered"
    return placed


def unit_of(shop: Shop, placed: Reply, unit: int = 0) -> Unit:
    return Unit(shop.merchant_id, placed.json["order"]["order_id"], 0, unit)


def attempt_of(cloud: InMemory, shop: Shop, placed: Reply) -> Attempt:
    kept = TopUps(table(cloud, "top_ups")).find(unit_of(shop, placed))
    assert kept
    return kept.attempt


def test_it_is_bought_sealed_and_shown_to_its_buyer(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    placed = ready(shop, cloud, supplier, clock, units=2)

    seen = shop.read(placed)
    line = seen.json["lines"][0]
    assert (line["claimed"], line["top_ups"]) == (2, ["done", "done"])
    revealed = shown(shop.reveal(placed))
    assert sorted(each.code for each in revealed) == sorted(each.code for each in sold(supplier))
    assert {each.pin for each in revealed} == {each.pin for each in sold(supplier)}
    assert not any(each.code in seen.text or each.pin in seen.text for each in sold(supplier))
    masked = shop.masked(placed).json
    assert [(each["unit"], each["has_pin"]) for each in masked["codes"]] == [(0, True), (1, True)]
    assert masked["reveals"] == 1


def test_no_code_is_told_kept_or_queued_in_plain(
    cloud: InMemory,
    shop: Shop,
    supplier: Simulator,
    clock: Clock,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = StringIO()
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", log)
    supplier.plan.script.extend([None, Fault.CUT, None, Fault.GARBAGE])
    placed = ready(shop, cloud, supplier, clock, units=2)

    publish(cloud)
    queued = queued_event(cloud)
    cloud.invoke("queue_send_mail", queued)
    shop.reveal(placed)

    [mail] = sent_mail()
    printed = capfd.readouterr()
    logged = log.getvalue()
    places = repr((contents(cloud), queued, mail.body, printed.out, printed.err, logged))
    assert "is ready" in mail.body
    assert '"code":"SUCCESSFUL"' in logged
    for code in sold(supplier):
        assert code.code not in places
        assert code.pin not in places
    assert all(each.code.encode() not in _raw(cloud) for each in sold(supplier))


def _raw(cloud: InMemory) -> bytes:
    items = cloud.table("bought_codes").scan()["Items"]
    assert len(items) == 2
    return b"".join(bytes(each["ciphertext"]) + bytes(each["sealed_key"]) for each in items)


def test_until_it_is_there_nothing_can_be_shown(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    supplier.plan.fates.append(Becomes(takes_ms=12_000))
    placed = bought(shop, cloud)

    assert shop.reveal(placed).problem == "order-not-readable"
    assert shop.read(placed).json["lines"][0]["top_ups"] == ["open"]

    until_it_ends(cloud, supplier, clock)
    assert shown(shop.reveal(placed)) == sold(supplier)


def test_done_without_a_code_is_not_done(
    cloud: InMemory,
    shop: Shop,
    supplier: Simulator,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Order, "hands_over", lambda *_: False)
    supplier.plan.fates.append(Becomes())
    placed = bought(shop, cloud)

    for message in take_queued(cloud):
        advance(cloud, message)
    assert shop.read(placed).json["lines"][0]["top_ups"] == ["open"]
    clock.ahead_ms += DAY_MS
    until_it_ends(cloud, supplier, clock)

    attempt = attempt_of(cloud, shop, placed)
    assert (attempt.state, attempt.reason) == (AttemptState.MANUAL, "unknown for too long")
    assert attempt.code == "SUCCESSFUL"
    order_id = placed.json["order"]["order_id"]
    body = {"line": 0, "unit": 0, "reason": "the dashboard says so"}
    path = f"/v1/merchant/orders/{order_id}/top-ups/decide"
    wished = shop.call("POST", path, body | {"verdict": "succeeded"}, key="operator")
    assert wished.problem == "top-up-not-waiting"
    monkeypatch.setattr(Order, "hands_over", lambda *_: True)
    assert shop.call("POST", path, body | {"verdict": "ask_again"}, key="operator").status == 200
    until_it_ends(cloud, supplier, clock)
    assert shown(shop.reveal(placed)) == sold(supplier)


def test_another_code_for_a_unit_is_kept_from_it_and_told(
    cloud: InMemory,
    shop: Shop,
    supplier: Simulator,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    supplier.plan.fates.append(Becomes())
    placed = bought(shop, cloud)
    first = Code("SOLD-BEFORE")
    assert kept_codes(cloud).keep(unit_of(shop, placed), first, "before", 1)

    until_it_ends(cloud, supplier, clock)

    attempt = attempt_of(cloud, shop, placed)
    assert (attempt.state, attempt.reason) == (AttemptState.MANUAL, "another code than it has")
    assert attempt.ref == supplier.book.orders[0].number
    assert '"CodesContradicted":[1.0]' in capsys.readouterr().out
    body = {"line": 0, "unit": 0, "verdict": "succeeded", "reason": "the first one is good"}
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}/top-ups/decide"
    assert shop.call("POST", path, body, key="operator").status == 200
    until_it_ends(cloud, supplier, clock)
    assert shown(shop.reveal(placed)) == [first]


def test_what_cannot_be_bought_is_given_back_and_mailed(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    supplier.plan.fates += [Becomes(fails=True), Becomes()]
    placed = bought(shop, cloud, units=2)

    until_it_ends(cloud, supplier, clock)
    cloud.invoke("schedule_follow_up", {})

    seen = shop.read(placed).json
    fates = seen["lines"][0]["top_ups"]
    assert sorted(fates) == ["done", "failed"]
    assert (seen["state"], seen["refunded_minor"]) == ("refund_due", PRICE)
    assert len(shown(shop.reveal(placed))) == 1
    assert shop.masked(placed).json["codes"][0]["unit"] == fates.index("done")
    publish(cloud)
    cloud.invoke("queue_send_mail", queued_event(cloud))
    assert any("not all could be had" in mail.body for mail in sent_mail())
    assert any("game: 1 of 2 ready" in mail.body for mail in sent_mail())


def test_a_code_whose_price_was_taken_back_waits_for_a_person(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    placed = ready(shop, cloud, supplier, clock)
    shop.reveal(placed)
    order = Orders(table(cloud, "orders")).find(
        shop.merchant_id, placed.json["order"]["order_id"], consistent=True
    )
    assert order
    told = said_after_all(cloud, order, AttemptState.REVERSED)

    advance(cloud, told)
    clock.ahead_ms += DAY_MS
    cloud.invoke("schedule_follow_up", {})

    seen = shop.read(placed).json
    assert (seen["state"], seen["refund_due_minor"]) == ("delivered", 0)
    assert seen["lines"][0]["top_ups"] == ["reversed"]
    assert shown(shop.reveal(placed)) == sold(supplier)


def test_what_is_for_stock_only_is_refused(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    placed = ready(shop, cloud, supplier, clock)

    assert shop.replace(placed).problem == "unit-unknown"
    assert shop.take_back(placed).problem == "unit-unknown"
    assert shop.ask_export(VARIANT, 1).status >= 400
    assert shown(shop.reveal(placed)) == sold(supplier)


def test_one_is_shredded_for_good(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    placed = ready(shop, cloud, supplier, clock, units=2)
    [_, left] = shown(shop.reveal(placed))

    assert shop.shred_unit(placed).status == 200

    assert shop.shred_unit(placed).status == 200
    assert shop.shred_unit(placed, unit=2).problem == "unit-unknown"
    seen = shop.reveal(placed)
    assert (shown(seen), seen.json["shredded"]) == ([left], 1)
    # Its supplier tells it again; nobody keeps it again.
    assert kept_codes(cloud).keep(unit_of(shop, placed), Code("TOLD-AGAIN"), "again", 1)
    assert shown(shop.reveal(placed)) == [left]


def test_evidence_says_that_it_was_bought_and_seen(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    placed = ready(shop, cloud, supplier, clock, units=2)
    shop.reveal(placed)

    log = shop.evidence(placed).json["access_log"]

    assert "bought, units of game: 2" in log
    assert "codes shown in plain text, by buyer" in log
    assert "delivered, units" not in log


def test_a_supplier_that_sells_no_codes_is_not_asked_for_one(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    sell_cards(shop, "phone", kind="top_up", form=[{"name": "phone", "label": "Phone"}])
    placed = shop.place({"phone": 1}, filled={"phone": {"phone": "1"}})
    shop.pay(placed)
    publish(cloud)

    until_it_ends(cloud, supplier, clock)

    assert supplier.book.orders == []
    assert shop.read(placed).json["lines"][0]["top_ups"] == ["failed"]
    [kept] = TopUps(table(cloud, "top_ups")).find_many([unit_of(shop, placed)]).values()
    assert (kept.attempt.supplier, kept.attempt.reason) == (ACCOUNT, "not its kind of good")
