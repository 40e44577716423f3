"""Every callback that verifies is kept as it came, before it is answered."""

import json
from typing import Any
from unittest import mock

import pytest

from scrip.adapters.bucket import Bucket
from scrip.domain import errors
from scrip.domain.errors import StoreUnavailable
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.kept import kept
from tests.oracles.stripe_server import sign
from tests.shop import Reply, Shop

DAY_MS = 86_400_000


def places() -> list[str]:
    return sorted(key.split("/")[1] for key in kept())


def order_id(placed: Reply) -> str:
    return str(placed.json["order"]["order_id"])


def test_a_payment_is_kept_under_its_order_byte_for_byte(stocked: Shop, clock: Clock) -> None:
    placed = stocked.place({"card-50": 1})
    raw = stocked.stripe.paid(placed.json["payment"]["reference"])
    signature = sign(raw)

    assert stocked.callback(raw, signature).status == 200

    [(key, found)] = kept().items()
    assert key.startswith(f"demo/{order_id(placed)}/20")
    assert "-stripe-" in key
    assert (found.merchant_id, found.provider, found.raw) == ("demo", "stripe", raw)
    assert found.headers == {"stripe-signature": signature}
    assert abs(found.received_at_ms - clock.now_ms) < 60_000
    assert found.kept_as == key


def test_the_same_bytes_are_kept_once_a_day_however_they_are_signed(
    stocked: Shop, clock: Clock
) -> None:
    placed = stocked.place({"card-50": 1})
    raw = stocked.stripe.paid(placed.json["payment"]["reference"])

    for seconds in (0, 1, 2):
        stocked.callback(raw, sign(raw, at=clock.now_ms // 1000 + seconds))
    assert len(kept()) == 1
    clock.ahead_ms = DAY_MS
    stocked.callback(raw, sign(raw, at=clock.now_ms // 1000))

    keys = list(kept())
    assert len(keys) == 2
    assert keys == sorted(keys)


def test_what_is_not_for_an_order_of_the_shop_is_kept_beside_orders(
    cloud: InMemory, stocked: Shop
) -> None:
    stripe, placed = stocked.stripe, stocked.place({"card-50": 1})
    reference = placed.json["payment"]["reference"]
    sent: dict[str, tuple[bytes, str, str]] = {
        "unknown order": (
            stripe.paid(reference, metadata={"merchant_id": "demo", "order_id": "0" * 16}),
            "unmatched",
            "order-unknown",
        ),
        "no order number": (
            stripe.paid(reference, metadata={"merchant_id": "demo", "order_id": "17"}),
            "unmatched",
            "order-unknown",
        ),
        "another merchant": (
            stripe.paid(reference, metadata={"merchant_id": "other", "order_id": order_id(placed)}),
            "unmatched",
            "payment-merchant-mismatch",
        ),
        "real money": (
            json.dumps(json.loads(stripe.paid(reference)) | {"livemode": True}).encode(),
            "unmatched",
            "payment-mode-mismatch",
        ),
        "figures of no kind": (
            stripe.paid(reference, amount_received="many"),
            "unmatched",
            "request-invalid",
        ),
        "no event": (b"{", "unmatched", "request-malformed"),
        "of no use": (stripe.event("customer.created", {"id": "cus_1"}), "ignored", ""),
    }

    for name, (raw, place, problem) in sent.items():
        before = set(kept())
        reply = stocked.callback(raw)
        assert reply.problem == problem, (name, reply.text)
        [new] = set(kept()) - before
        assert new.startswith(f"demo/{place}/"), name
        assert kept()[new].raw == raw


def test_what_does_not_verify_is_not_kept(stocked: Shop) -> None:
    raw = stocked.stripe.paid(stocked.place({"card-50": 1}).json["payment"]["reference"])

    stocked.callback(raw, sign(raw, "whsec_of_somebody_else"))
    stocked.callback(raw, sign(raw, at=1))
    stocked.callback(raw, "none")
    path = "/v1/callbacks/payments/demo/alipay"
    stocked.call("POST", path, b"&", headers={"content-type": "text/plain"})

    assert kept() == {}


def test_headers_that_no_signature_needs_are_not_kept(stocked: Shop) -> None:
    raw = stocked.stripe.paid(stocked.place({"card-50": 1}).json["payment"]["reference"])
    sent = {"stripe-signature": sign(raw), "x-forwarded-for": "203.0.113.9", "cookie": "a=b"}

    stocked.call("POST", "/v1/callbacks/payments/demo/stripe", raw, headers=sent)

    [found] = kept().values()
    assert set(found.headers) == {"stripe-signature"}


@pytest.mark.parametrize("broken", [StoreUnavailable("S3"), RuntimeError("S3 answered 403")])
def test_what_was_not_kept_is_not_acknowledged_though_it_was_delivered(
    stocked: Shop, broken: Exception
) -> None:
    placed = stocked.place({"card-50": 1})
    raw = stocked.stripe.paid(placed.json["payment"]["reference"])
    nobody = {"merchant_id": "demo", "order_id": "0" * 16}
    unknown = stocked.stripe.paid(placed.json["payment"]["reference"], metadata=nobody)

    def callback(content: bytes) -> Any:
        with mock.patch.object(Bucket, "put", side_effect=broken):
            path, headers = (
                "/v1/callbacks/payments/demo/stripe",
                {"stripe-signature": sign(content)},
            )
            carrier = getattr(stocked.carrier, "carrier", stocked.carrier)
            return carrier.send("POST", path, headers, content)

    first, second, refused = callback(raw), callback(raw), callback(unknown)

    assert [each.status // 100 for each in (first, second, refused)] == [5, 5, 5]
    assert len(stocked.codes(placed)) == 1
    assert stocked.callback(raw).json["outcome"] == "duplicate"
    assert is_refused(stocked.callback(unknown), errors.OrderUnknown)
    assert places() == sorted([order_id(placed), "unmatched"])
