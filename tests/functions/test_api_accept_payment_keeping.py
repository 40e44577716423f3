"""Every callback that verifies is kept as it came, before it is answered."""

import json
from dataclasses import replace
from typing import Any
from unittest import mock

import boto3
import msgspec
import pytest

from scrip.adapters.bucket import Bucket
from scrip.contracts.callbacks import REPLAY_OPERATIONS, KeptCallback, replay_event
from scrip.domain import errors
from scrip.domain.errors import StoreUnavailable
from tests import template
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.in_memory import CALLBACKS, InMemory
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


# --- taken again


def replayed(cloud: InMemory, key: str) -> tuple[int, Any]:
    answer = cloud.invoke("api_accept_payment", replay_event(key))
    return answer["statusCode"], json.loads(answer["body"])


def test_a_replay_of_long_ago_is_verified_as_of_then(
    cloud: InMemory, stocked: Shop, clock: Clock
) -> None:
    stocked.pay(stocked.place({"card-50": 1}))
    [key] = kept()
    clock.ahead_ms = 100 * DAY_MS

    with nothing_changes(cloud):
        assert replayed(cloud, key) == (200, {"outcome": "duplicate"})

    assert list(kept()) == [key]


def test_what_was_put_into_the_bucket_by_somebody_else_is_not_believed(
    cloud: InMemory, stocked: Shop
) -> None:
    placed = stocked.place({"card-50": 1})
    stocked.callback(stocked.stripe.paid(placed.json["payment"]["reference"]), "none")
    stocked.callback(stocked.stripe.event("customer.created", {"id": "cus_1"}))
    [(key, found)] = kept().items()
    forged = stocked.stripe.paid(placed.json["payment"]["reference"])
    content = msgspec.json.encode(KeptCallback.of(replace(found, raw=forged)))
    boto3.client("s3").put_object(Bucket=CALLBACKS, Key=key, Body=content)

    with nothing_changes(cloud):
        status, problem = replayed(cloud, key)

    assert (status, problem["type"]) == (400, "urn:scrip:problem:signature-invalid")
    assert list(kept()) == [key]


def test_a_replay_that_finds_no_order_alarms_nobody_again(
    cloud: InMemory, stocked: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = stocked.place({"card-50": 1}).json["payment"]["reference"]
    nobody = {"merchant_id": "demo", "order_id": "0" * 16}
    stocked.callback(stocked.stripe.paid(reference, metadata=nobody))
    [key] = kept()
    assert "PaymentsUnmatched" in capsys.readouterr().out

    status, _ = replayed(cloud, key)

    assert status == 404
    assert "PaymentsUnmatched" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "body", ["", "{}", '{"key": "demo/../other"}', '{"key": "demo/unmatched/x"}', '{"key": 1}']
)
def test_a_replay_names_its_object_or_nothing_is_read(cloud: InMemory, body: str) -> None:
    event = {**replay_event(f"demo/unmatched/2026-11-22-stripe-{'0' * 32}"), "body": body}

    assert cloud.invoke("api_accept_payment", event)["statusCode"] in (400, 422)


def test_no_route_of_the_gateway_is_that_of_a_replay(cloud: InMemory) -> None:
    """API Gateway writes an event's route: a method and a path of the template, or `$default`."""
    event = replay_event(f"demo/unmatched/2026-11-22-stripe-{'0' * 32}")

    assert " " not in event["routeKey"]
    assert not event["routeKey"].startswith("$")
    for own in (REPLAY_OPERATIONS[0].route, "replay_callback"):
        assert own not in str(template.routes("api_accept_payment"))
    assert cloud.invoke("api_accept_payment", event)["statusCode"] == 404
