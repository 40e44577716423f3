"""The payment callback trusts a body for its signature only, by a secret of that merchant."""

import time
from collections.abc import Callable

import boto3
import msgspec

from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.gateways.stripe import StripeSecrets
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.domain import errors
from scrip.wiring.clients import provider_http
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.in_memory import InMemory, forget_adapters
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET, sign
from tests.shop import Shop

OTHER_SECRET = "whsec_another_secret_of_enough_length"


def test_signatures_that_prove_nothing_are_refused(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    raw = stocked.stripe.paid(placed.json["payment"]["reference"])
    now, good = int(time.time()), sign(raw)
    stamp, mac = good.split(",")
    refused: dict[str, tuple[str, type[errors.ScripError]]] = {
        "empty": (" ", errors.SignatureMissing),
        "no time": (mac, errors.SignatureMissing),
        "no v1": (stamp, errors.SignatureMissing),
        "only v0": (good.replace("v1=", "v0="), errors.SignatureMissing),
        "another secret": (sign(raw, OTHER_SECRET), errors.SignatureInvalid),
        "another body": (sign(raw + b" "), errors.SignatureInvalid),
        "another time": (f"t={now - 1},{mac}", errors.SignatureInvalid),
        "a time in words": (f"t=now,{mac}", errors.SignatureInvalid),
        "a time without end": (f"t={'9' * 5000},{mac}", errors.SignatureInvalid),
        "other digits": (f"t=٣,{mac}", errors.SignatureInvalid),
        "cut short": (good[:-1], errors.SignatureInvalid),
        "empty v1": (f"{stamp},v1=", errors.SignatureInvalid),
        "not hex": (f"{stamp},v1=ü", errors.SignatureInvalid),
        "too old": (sign(raw, at=now - 302), errors.SignatureExpired),
        "from the future": (sign(raw, at=now + 310), errors.SignatureExpired),
    }

    with nothing_changes(cloud):
        replies = {name: stocked.callback(raw, header) for name, (header, _) in refused.items()}
        path = "/v1/callbacks/payments/demo/stripe"
        absent = stocked.call("POST", path, raw, headers={"content-type": "application/json"})

    for name, (_, error) in refused.items():
        assert is_refused(replies[name], error), (name, replies[name].text)
    assert is_refused(absent, errors.SignatureMissing)


def test_signatures_within_the_tolerance_pass(stocked: Shop) -> None:
    first, second = stocked.place({"card-50": 1}), stocked.place({"card-50": 1})
    for placed, seconds in ((first, -295), (second, 295)):
        raw = stocked.stripe.paid(placed.json["payment"]["reference"])

        reply = stocked.callback(raw, sign(raw, at=int(time.time()) + seconds))

        assert reply.json["outcome"] == "delivered"


def test_during_a_rotation_either_secret_passes(cloud: InMemory, stocked: Shop) -> None:
    _set_secrets(cloud, "demo", WEBHOOK_SECRET, OTHER_SECRET)
    first, second, both = (stocked.place({"card-50": 1}) for _ in range(3))

    raw = stocked.stripe.paid(first.json["payment"]["reference"])
    assert stocked.callback(raw, sign(raw, WEBHOOK_SECRET)).json["outcome"] == "delivered"
    raw = stocked.stripe.paid(second.json["payment"]["reference"])
    assert stocked.callback(raw, sign(raw, OTHER_SECRET)).json["outcome"] == "delivered"
    raw = stocked.stripe.paid(both.json["payment"]["reference"])
    mac = sign(raw, OTHER_SECRET).split(",")[1]
    header = f"{sign(raw, 'whsec_a_third_secret')},{mac}"
    assert stocked.callback(raw, header).json["outcome"] == "delivered"


def test_after_a_rotation_the_old_secret_is_refused(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1})
    _set_secrets(cloud, "demo", OTHER_SECRET)

    with nothing_changes(cloud):
        reply = stocked.pay(placed)

    assert is_refused(reply, errors.SignatureInvalid)


def test_a_signature_is_checked_before_anything_is_parsed(cloud: InMemory, shop: Shop) -> None:
    with nothing_changes(cloud):
        reply = shop.callback(b"not even JSON", sign(b"something else"))

    assert is_refused(reply, errors.SignatureInvalid)


# --- bodies and addresses


def test_signed_bodies_that_are_no_events_are_refused(cloud: InMemory, shop: Shop) -> None:
    deep = b'{"type": "payment_intent.succeeded", "created": 1, "data": {"object": '
    bodies: dict[bytes, type[errors.ScripError]] = {
        b"": errors.RequestMalformed,
        b"not JSON": errors.RequestMalformed,
        b"[]": errors.RequestInvalid,
        b"{}": errors.RequestInvalid,
        b'{"type": 1, "created": 1, "data": {"object": {}}}': errors.RequestInvalid,
        deep + b"[" * 50_000 + b"]" * 50_000 + b"}}": errors.RequestMalformed,
        deep + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}}": errors.RequestMalformed,
        b" " * (256 * 1024 + 1): errors.RequestTooLarge,
    }

    for raw, error in bodies.items():
        with nothing_changes(cloud):
            reply = shop.callback(raw)
        assert is_refused(reply, error), (raw[:60], reply.text)


def test_where_no_secret_is_configured_there_is_no_endpoint(
    cloud: InMemory, stocked: Shop, open_another: Callable[..., Shop]
) -> None:
    open_another("bare", gateway=False)
    placed = stocked.place({"card-50": 1})
    raw = stocked.stripe.paid(placed.json["payment"]["reference"])

    with nothing_changes(cloud):
        for merchant_id in ("bare", "nobody"):
            path = f"/v1/callbacks/payments/{merchant_id}/stripe"
            reply = stocked.call("POST", path, raw, headers={"stripe-signature": sign(raw)})
            assert is_refused(reply, errors.GatewayUnknown)
            assert reply.status == 404
        for provider in ("paypig", "registry", "port", "http"):
            path = f"/v1/callbacks/payments/demo/{provider}"
            reply = stocked.call("POST", path, raw, headers={"stripe-signature": sign(raw)})
            assert is_refused(reply, errors.GatewayUnknown)
        for name in ("X", "x", "-", "a" * 21, "demo%0A"):
            path = f"/v1/callbacks/payments/{name}/stripe"
            reply = stocked.call("POST", path, raw, headers={"stripe-signature": sign(raw)})
            assert is_refused(reply, errors.RequestInvalid)


def _set_secrets(cloud: InMemory, merchant_id: str, *webhook_secrets: str) -> None:
    environment = cloud.environment("api_accept_payment")
    merchants = Merchants(Table(boto3.client("dynamodb"), environment["MERCHANTS_TABLE"]))
    keys = Keys(boto3.client("kms"), environment["VAULT_KEY_ARN"])
    secrets = StripeSecrets(SECRET_KEY, webhook_secrets)
    Gateways(merchants, keys, provider_http()).set(
        merchant_id, "stripe", msgspec.json.encode(secrets)
    )
    forget_adapters()
