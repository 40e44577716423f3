"""The payment callback: claims and closes once, and refuses what it cannot trust."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from scrip.domain import errors
from tests.contents import contents, nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import CODES, Clock
from tests.in_memory import InMemory, forget_adapters
from tests.oracles.stripe_server import sign
from tests.samples import sample
from tests.shop import Reply, Shop

HOUR_MS = 3_600_000


def order_of(shop: Shop, placed: Reply) -> Any:
    """The order as its merchant sees it."""
    path = f"/v1/merchant/orders/{placed.json['order']['order_id']}"
    return shop.call("GET", path, key="finance").json


def available(shop: Shop, variant: str) -> int:
    path = f"/v1/merchant/variants/{variant}/stock"
    return int(shop.call("GET", path, key="operator").json["available"])


# --- delivering


def test_the_sample_event_delivers_and_its_repetition_does_not(
    cloud: InMemory, stocked: Shop
) -> None:
    placed = stocked.place({"card-50": 1})
    facts = {
        "merchant_id": "demo",
        "order_id": placed.json["order"]["order_id"],
        "payment_ref": placed.json["payment"]["reference"],
    }
    raw = sample("api_accept_payment", "ok", signature="", **facts)["body"].encode()

    def deliver() -> Any:
        event = sample("api_accept_payment", "ok", signature=sign(raw), **facts)
        return json.loads(cloud.invoke("api_accept_payment", event)["body"])["outcome"]

    assert deliver() == "delivered"
    with nothing_changes(cloud):
        forget_adapters()
        assert deliver() == "duplicate"
    assert len(stocked.codes(placed)) == 1
    assert available(stocked, "card-50") == len(CODES) - 1


def test_the_sample_with_a_bad_signature_is_refused(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    event = sample(
        "api_accept_payment",
        "bad_signature",
        merchant_id="demo",
        order_id=placed.json["order"]["order_id"],
        payment_ref=placed.json["payment"]["reference"],
    )

    with nothing_changes(cloud):
        answer = cloud.invoke("api_accept_payment", event)

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["type"] == "urn:scrip:problem:signature-invalid"


def test_many_units_are_claimed_over_several_chunks(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 35})

    paid = stocked.pay(placed)

    assert paid.json["outcome"] == "delivered"
    codes = stocked.codes(placed)
    assert len(set(codes)) == 35
    assert set(codes) <= set(CODES)
    touched = [item for item in contents(cloud)["stock"] if item.get("claimed")]
    assert len(touched) > 1
    assert available(stocked, "card-50") == 5


def test_every_line_gets_codes_of_its_own_variant(stocked: Shop) -> None:
    stocked.stock_up("card-99", ["X-1", "X-2", "X-3"])
    placed = stocked.place({"card-50": 3, "card-99": 2})

    stocked.pay(placed)

    shown = stocked.reveal(placed).json["codes"]
    by_line = {n: [c["code"] for c in shown if c["line"] == n] for n in (0, 1)}
    assert len(set(by_line[0]) & set(CODES)) == 3
    assert len(set(by_line[1]) & {"X-1", "X-2", "X-3"}) == 2


def test_orders_never_share_a_code(stocked: Shop) -> None:
    orders = [stocked.place({"card-50": 4}) for _ in range(10)]

    endings = [stocked.pay(placed).json["outcome"] for placed in orders]

    assert endings == ["delivered"] * 10
    assert sorted(code for placed in orders for code in stocked.codes(placed)) == CODES


def test_a_hosted_page_reports_twice_and_delivers_once(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1}, return_url="https://shop.example/thanks")
    reference = placed.json["payment"]["reference"]

    unpaid = stocked.callback(
        stocked.stripe.session_completed(reference, payment_status="unpaid", payment_intent=None)
    )
    first = stocked.callback(stocked.stripe.session_completed(reference))
    with nothing_changes(cloud):
        second = stocked.pay(placed)

    outcomes = [reply.json["outcome"] for reply in (unpaid, first, second)]
    assert outcomes == ["ignored", "delivered", "duplicate"]


def test_an_async_payment_of_a_hosted_page_delivers(stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1}, return_url="https://shop.example/thanks")
    session = json.loads(stocked.stripe.session_completed(placed.json["payment"]["reference"]))

    paid = stocked.callback(
        stocked.stripe.event("checkout.session.async_payment_succeeded", session["data"]["object"])
    )

    assert paid.json["outcome"] == "delivered"


def test_late_money_is_honoured_while_stock_lasts(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    clock.ahead_ms = 2 * HOUR_MS
    assert cloud.invoke("schedule_expire_orders", {})["expired"] == 1
    assert stocked.read(placed).json["state"] == "expired"
    raw = stocked.stripe.paid(placed.json["payment"]["reference"])

    paid = stocked.callback(raw, sign(raw, at=clock.now_ms // 1000))

    assert paid.json["outcome"] == "delivered"
    assert len(stocked.codes(placed)) == 1
    [order] = [item for item in contents(cloud)["orders"] if "order_lines" in item]
    assert "delete_at" not in order


# --- sold out


def test_paid_but_sold_out_owes_the_whole_amount(
    cloud: InMemory, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.stock_up("last", ["LAST-1"])
    winner, loser = shop.place({"last": 1}), shop.place({"last": 1})
    shop.pay(winner)

    lost = shop.pay(loser)

    assert (lost.status, lost.json["outcome"]) == (200, "refund_due")
    assert '"SoldOut":[1.0]' in capsys.readouterr().out
    seen = shop.read(loser).json
    assert (seen["state"], seen["refund_due_minor"]) == ("refund_due", 4500)
    assert order_of(shop, loser)["refund_due_minor"] == 4500
    assert shop.codes(loser) == []
    assert is_refused(shop.place({"last": 1}), errors.SoldOut)
    with nothing_changes(cloud):
        assert shop.pay(loser).json["outcome"] == "duplicate"


def test_what_was_claimed_before_stock_ran_out_is_the_buyers(shop: Shop) -> None:
    shop.stock_up("few", ["FEW-1", "FEW-2"], price=1000)
    shop.stock_up("many", ["MANY-1", "MANY-2", "MANY-3"], price=300)
    placed = shop.place({"few": 3, "many": 2})

    paid = shop.pay(placed)

    assert paid.json["outcome"] == "refund_due"
    seen = shop.read(placed).json
    assert seen["refund_due_minor"] == 1000
    assert [line["claimed"] for line in seen["lines"]] == [2, 2]
    codes = shop.codes(placed)
    assert sorted(codes[:2]) == ["FEW-1", "FEW-2"]
    assert set(codes[2:]) < {"MANY-1", "MANY-2", "MANY-3"}


def test_stock_that_comes_after_placing_fills_the_order(shop: Shop) -> None:
    shop.stock_up("last", ["LAST-1"])
    winner, second = shop.place({"last": 1}), shop.place({"last": 1})
    shop.pay(winner)
    shop.import_codes("last", ["NEW-1"], idempotency_key="more")

    assert shop.pay(second).json["outcome"] == "delivered"
    assert shop.codes(second) == ["NEW-1"]


# --- what is refused


Change = tuple[dict[str, Any], dict[str, Any], type[errors.ScripError]]
MISFITS: dict[str, Change] = {
    "live money in a test shop": ({}, {"livemode": True}, errors.PaymentModeMismatch),
    "another merchant": (
        {"metadata": {"merchant_id": "other", "order_id": "7K2M9Q4XTB3WHD5N"}},
        {},
        errors.PaymentMerchantMismatch,
    ),
    "no merchant": (
        {"metadata": {"order_id": "7K2M9Q4XTB3WHD5N"}},
        {},
        errors.PaymentMerchantMismatch,
    ),
    "an unknown order": (
        {"metadata": {"merchant_id": "demo", "order_id": "7K2M9Q4XTB3WHD5N"}},
        {},
        errors.OrderUnknown,
    ),
    "no order number": (
        {"metadata": {"merchant_id": "demo", "order_id": "expiry"}},
        {},
        errors.OrderUnknown,
    ),
    "an empty order number": (
        {"metadata": {"merchant_id": "demo", "order_id": ""}},
        {},
        errors.OrderUnknown,
    ),
    "no amount": (
        {"amount": None, "amount_received": None},
        {},
        errors.RequestInvalid,
    ),
    "a negative amount": ({"amount_received": -4500}, {}, errors.RequestInvalid),
    "no currency": ({"currency": None}, {}, errors.RequestInvalid),
    "a currency that is none": ({"currency": "euros"}, {}, errors.RequestInvalid),
    "an amount of another type": ({"amount_received": "4500"}, {}, errors.RequestInvalid),
    "no data": ({}, {"data": None}, errors.RequestInvalid),
}


@pytest.mark.parametrize(("changes", "more", "error"), MISFITS.values(), ids=MISFITS.keys())
def test_money_that_does_not_fit_moves_nothing(
    cloud: InMemory,
    stocked: Shop,
    changes: dict[str, Any],
    more: dict[str, Any],
    error: type[errors.ScripError],
) -> None:
    placed = stocked.place({"card-50": 1})
    event = json.loads(stocked.stripe.paid(placed.json["payment"]["reference"], **changes))
    raw = json.dumps({**event, **more}).encode()

    with nothing_changes(cloud):
        reply = stocked.callback(raw)

    assert is_refused(reply, error), reply.text
    assert stocked.pay(placed).json["outcome"] == "delivered"


def test_a_payment_of_one_merchant_does_not_pay_at_another(
    cloud: InMemory, stocked: Shop, open_another: Callable[..., Shop]
) -> None:
    other = open_another("other")
    placed = stocked.place({"card-50": 1})

    with nothing_changes(cloud):
        reply = other.pay(placed)

    assert is_refused(reply, errors.PaymentMerchantMismatch)


# --- events that are not ours


def test_events_that_are_not_ours_are_acknowledged(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    reference = placed.json["payment"]["reference"]
    paid = json.loads(stocked.stripe.paid(reference))
    raw = sample("api_accept_payment", "not_ours", merchant_id="demo", signature="")["body"]
    events = [
        raw.encode(),
        json.dumps({**paid, "type": "payment_intent.payment_failed"}).encode(),
        json.dumps({**paid, "type": "charge.refunded"}).encode(),
        stocked.stripe.paid(reference, metadata={}),
        stocked.stripe.paid(reference, metadata={"cart": "7"}),
    ]

    with nothing_changes(cloud):
        replies = [stocked.callback(raw) for raw in events]

    assert [reply.json["outcome"] for reply in replies] == ["ignored"] * len(events)
