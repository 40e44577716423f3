"""The storefront's API: offers and placing, and everything that it refuses."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from scrip.domain import errors
from tests.contents import contents, nothing_changes
from tests.documented import check, is_refused
from tests.functions.conftest import CODES
from tests.in_memory import InMemory, forget_adapters
from tests.samples import sample
from tests.shop import Reply, Shop


def test_products_on_sale_are_listed_with_a_hint_of_stock(stocked: Shop) -> None:
    stocked.stock_up("card-99", [])

    products = stocked.call("GET", "/v1/products", key="storefront").json["products"]

    hints = {v["variant_id"]: v["in_stock"] for p in products for v in p["variants"]}
    assert hints == {"card-50": True, "card-99": False}


def test_paused_products_and_variants_are_neither_listed_nor_sold(stocked: Shop) -> None:
    stocked.stock_up("paused-variant", ["P-1"])
    variant = {"title": "v", "price_minor": 100, "currency": "EUR", "status": "paused"}
    path = "/v1/merchant/products/paused-variant/variants/paused-variant"
    assert stocked.call("PUT", path, variant, key="operator").status == 200
    product = {"title": "p", "status": "paused"}
    path = "/v1/merchant/products/card-50"
    assert stocked.call("PUT", path, product, key="operator").status == 200

    products = stocked.call("GET", "/v1/products", key="storefront").json["products"]

    assert [v for p in products for v in p["variants"]] == []
    assert is_refused(stocked.place({"paused-variant": 1}), errors.VariantNotForSale)
    assert is_refused(stocked.place({"card-50": 1}), errors.VariantNotForSale)


def test_the_sample_event_places_an_order(cloud: InMemory, stocked: Shop) -> None:
    event = sample("api_serve_storefront", "place_order", key=stocked.keys["storefront"])

    answer = cloud.invoke("api_serve_storefront", event)

    placed = json.loads(answer["body"])
    assert answer["statusCode"] == 201
    assert placed["order"]["amount_minor"] == 4500
    assert placed["payment"]["client_secret"].startswith(placed["payment"]["reference"])
    [stored] = contents(cloud)["orders"]
    assert bytes(stored["trace_id"]).hex() == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_the_same_key_and_body_get_the_same_answer(cloud: InMemory, stocked: Shop) -> None:
    first = stocked.place({"card-50": 2}, idempotency_key="one")

    with nothing_changes(cloud):
        forget_adapters()  # the answer was lost, another instance serves the repetition
        again = stocked.place({"card-50": 2}, idempotency_key="one")

    assert (again.status, again.json) == (first.status, first.json)


def test_the_same_key_finds_the_order_after_a_new_price_and_the_last_sale(stocked: Shop) -> None:
    stocked.stock_up("last", ["LAST-1"])
    first = stocked.place({"last": 1}, idempotency_key="one")
    rival = stocked.place({"last": 1})
    stocked.pay(rival)
    stocked.put_variant("last", price=9900)

    again = stocked.place({"last": 1}, idempotency_key="one")

    assert (again.status, again.json) == (201, first.json)


def test_another_body_under_the_same_key_is_refused(cloud: InMemory, stocked: Shop) -> None:
    stocked.place({"card-50": 1}, idempotency_key="one")

    with nothing_changes(cloud):
        others = [
            stocked.place({"card-50": 2}, idempotency_key="one"),
            stocked.place({"card-50": 1}, idempotency_key="one", email="other@example.com"),
            stocked.place({"card-50": 1}, idempotency_key="one", locale="zh"),
            stocked.place({"card-50": 1}, idempotency_key="one", return_url="https://a.example/"),
        ]

    assert all(is_refused(reply, errors.IdempotencyKeyReused) for reply in others)


def test_a_repetition_after_payment_offers_no_payment(stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1}, idempotency_key="one")
    stocked.pay(placed)

    again = stocked.place({"card-50": 1}, idempotency_key="one")

    assert again.json["payment"] is None
    assert again.json["order"]["state"] == "delivered"
    assert again.json["order_token"] == placed.json["order_token"]


def test_one_key_at_two_merchants_makes_two_orders(
    stocked: Shop, open_another: Callable[..., Shop]
) -> None:
    other = open_another("other")
    other.stock_up("card-50", ["OTHER-1"])

    here = stocked.place({"card-50": 1}, idempotency_key="one")
    there = other.place({"card-50": 1}, idempotency_key="one")

    assert here.json["order"]["order_id"] != there.json["order"]["order_id"]


def test_a_payment_opened_before_a_crash_is_opened_again(cloud: InMemory, stocked: Shop) -> None:
    placed = stocked.place({"card-50": 1}, idempotency_key="one")
    cloud.table("orders").delete_item(Key={"pk": f"demo#{placed.json['order']['order_id']}"})

    again = stocked.place({"card-50": 1}, idempotency_key="one")

    assert again.json["payment"] == placed.json["payment"]


def test_a_price_changed_after_a_crash_opens_another_payment(
    cloud: InMemory, stocked: Shop
) -> None:
    placed = stocked.place({"card-50": 1}, idempotency_key="one")
    cloud.table("orders").delete_item(Key={"pk": f"demo#{placed.json['order']['order_id']}"})
    stocked.put_variant("card-50", price=5000)

    again = stocked.place({"card-50": 1}, idempotency_key="one")

    assert again.json["order"]["amount_minor"] == 5000
    assert again.json["payment"]["reference"] != placed.json["payment"]["reference"]


def test_an_order_of_several_lines_costs_their_sum(stocked: Shop) -> None:
    stocked.stock_up("card-99", ["X-1", "X-2", "X-3"], price=9900)

    placed = stocked.place({"card-50": 2, "card-99": 3})

    assert placed.json["order"]["amount_minor"] == 2 * 4500 + 3 * 9900
    assert [line["claimed"] for line in placed.json["order"]["lines"]] == [0, 0]


def test_a_hosted_payment_names_its_page(stocked: Shop) -> None:
    placed = stocked.place({"card-50": 2}, return_url="https://shop.example/thanks")

    payment = placed.json["payment"]
    assert payment["checkout_url"].startswith("https://checkout.stripe.com/")
    assert payment["client_secret"] is None
    opened = stocked.stripe.payments[payment["reference"]]
    assert opened["success_url"] == "https://shop.example/thanks"
    assert placed.json["order_token"] not in json.dumps(opened)


ORDER: dict[str, Any] = {
    "lines": [{"variant_id": "card-50", "quantity": 1}],
    "email": "buyer@example.com",
}
INVALID: dict[str, Any] = {
    "unknown field": {**ORDER, "coupon": "X"},
    "unknown field of a line": {**ORDER, "lines": [{"variant_id": "card-50", "price": 1}]},
    "no lines": {**ORDER, "lines": []},
    "too many lines": {**ORDER, "lines": [{"variant_id": f"v{n}"} for n in range(21)]},
    "lines are no list": {**ORDER, "lines": {"variant_id": "card-50"}},
    "missing email": {"lines": ORDER["lines"]},
    "email without a domain": {**ORDER, "email": "buyer"},
    "email with a line break": {**ORDER, "email": "buyer@example.com\nBcc: all@example.com"},
    "email with a line break at its end": {**ORDER, "email": "buyer@example.com\n"},
    "email null": {**ORDER, "email": None},
    "quantity zero": {**ORDER, "lines": [{"variant_id": "card-50", "quantity": 0}]},
    "quantity too large": {**ORDER, "lines": [{"variant_id": "card-50", "quantity": 51}]},
    "quantity beyond 64 bits": {**ORDER, "lines": [{"variant_id": "card-50", "quantity": 2**70}]},
    "quantity a text": {**ORDER, "lines": [{"variant_id": "card-50", "quantity": "1"}]},
    "quantity a fraction": {**ORDER, "lines": [{"variant_id": "card-50", "quantity": 1.5}]},
    "quantity a truth": {**ORDER, "lines": [{"variant_id": "card-50", "quantity": True}]},
    "variant id in capitals": {**ORDER, "lines": [{"variant_id": "CARD"}]},
    "variant id with a line break": {**ORDER, "lines": [{"variant_id": "card-50\n"}]},
    "a variant twice": {**ORDER, "lines": ORDER["lines"] * 2},
    "unknown language": {**ORDER, "locale": "fr"},
    "return url in plain http": {**ORDER, "return_url": "http://shop.example/"},
    "return url with a line break": {**ORDER, "return_url": "https://shop.example/\n"},
    "a list": [ORDER],
    "a text": "order",
    "null": None,
}


def test_a_body_that_does_not_fit_its_contract_is_refused(
    cloud: InMemory, stocked: Shop, subtests: pytest.Subtests
) -> None:
    asked = len(stocked.stripe.requests)

    for name, body in INVALID.items():
        with subtests.test(name):
            with nothing_changes(cloud):
                reply = _send(cloud, stocked, json.dumps(body).encode())

            assert is_refused(reply, errors.RequestInvalid), reply.text
    assert len(stocked.stripe.requests) == asked


MALFORMED = {
    "empty": b"",
    "not JSON": b"lines=1",
    "cut off": b'{"lines": [',
    "trailing text": json.dumps(ORDER).encode() + b"}",
    "not UTF-8": b'{"email": "\xff\xfe"}',
    "lone surrogate": b'{"email": "\\ud800@example.com", "lines": []}',
}


def test_a_body_that_is_no_json_is_refused(
    cloud: InMemory, stocked: Shop, subtests: pytest.Subtests
) -> None:
    for name, raw in MALFORMED.items():
        with subtests.test(name):
            with nothing_changes(cloud):
                reply = _send(cloud, stocked, raw)

            assert is_refused(reply, errors.RequestMalformed), reply.text


def test_a_body_nested_deep_is_refused(cloud: InMemory, stocked: Shop) -> None:
    deep = b"[" * 30_000 + b"]" * 30_000

    with nothing_changes(cloud):
        lines = _send(cloud, stocked, b'{"lines": ' + deep + b"}")
        unknown = _send(cloud, stocked, b'{"x": ' + deep + b"}")
        top = _send(cloud, stocked, deep)

    assert all(is_refused(reply, errors.RequestInvalid) for reply in (lines, unknown, top))


def test_an_oversized_body_is_refused(cloud: InMemory, stocked: Shop) -> None:
    with nothing_changes(cloud):
        reply = _send(cloud, stocked, b" " * (64 * 1024) + json.dumps(ORDER).encode())

    assert is_refused(reply, errors.RequestTooLarge)


def test_a_body_that_is_not_base64_as_it_says_is_refused(cloud: InMemory, stocked: Shop) -> None:
    event = sample("api_serve_storefront", "place_order", key=stocked.keys["storefront"])
    event["body"] = "{not base64}"

    with nothing_changes(cloud):
        answer = cloud.invoke("api_serve_storefront", event)

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["type"] == "urn:scrip:problem:request-malformed"


def test_a_bad_idempotency_key_is_refused(
    cloud: InMemory, stocked: Shop, subtests: pytest.Subtests
) -> None:
    for key in ("k" * 129, "schlüssel", "tab\there", "two words", "line\n"):
        with subtests.test(key):
            with nothing_changes(cloud):
                reply = stocked.place({"card-50": 1}, idempotency_key=key)

            assert is_refused(reply, errors.RequestInvalid), reply.text


def test_a_missing_idempotency_key_is_refused(cloud: InMemory, stocked: Shop) -> None:
    with nothing_changes(cloud):
        reply = stocked.call("POST", "/v1/orders", ORDER, key="storefront")

    assert is_refused(reply, errors.IdempotencyKeyMissing)


def test_what_is_not_for_sale_cannot_be_ordered(
    cloud: InMemory, stocked: Shop, open_another: Callable[..., Shop]
) -> None:
    open_another("other").stock_up("theirs", ["THEIRS-1"])
    stocked.stock_up("dollars", ["D-1"], currency="USD")
    stocked.stock_up("empty", [])
    stocked.stock_up("dear", ["E-1"], price=99_999_999)

    with nothing_changes(cloud):
        unknown = stocked.place({"nothing": 1})
        foreign = stocked.place({"theirs": 1})
        mixed = stocked.place({"card-50": 1, "dollars": 1})
        sold_out = stocked.place({"card-50": 1, "empty": 1})
        too_dear = stocked.place({"dear": 2})

    assert is_refused(unknown, errors.VariantNotForSale)
    assert is_refused(foreign, errors.VariantNotForSale)
    assert is_refused(mixed, errors.CurrencyMixed)
    assert is_refused(sold_out, errors.SoldOut)
    assert is_refused(too_dear, errors.RequestInvalid)


def test_a_merchant_without_a_gateway_cannot_take_orders(
    cloud: InMemory, open_another: Callable[..., Shop]
) -> None:
    shop = open_another("bare", gateway=False)
    shop.stock_up("card-50", CODES)

    with nothing_changes(cloud):
        reply = shop.place({"card-50": 1})

    assert is_refused(reply, errors.GatewayUnknown)


PROVIDER_FAILURES = [
    (402, {"type": "card_error"}, errors.PaymentProviderRefused),
    (401, {"type": "invalid_request_error"}, errors.PaymentProviderRefused),
    (400, {"type": "idempotency_error"}, errors.IdempotencyKeyReused),
    (409, {"type": "idempotency_error"}, errors.PaymentProviderUnavailable),
    (429, {"type": "rate_limit"}, errors.PaymentProviderUnavailable),
    (500, {"type": "api_error"}, errors.PaymentProviderUnavailable),
]


@pytest.mark.parametrize(("status", "error", "expected"), PROVIDER_FAILURES)
def test_a_failing_provider_leaves_no_order(
    cloud: InMemory,
    stocked: Shop,
    status: int,
    error: dict[str, str],
    expected: type[errors.ScripError],
) -> None:
    secret = "told by the provider"
    stocked.stripe.fail_with.append((status, {"error": {**error, "message": secret}}))

    with nothing_changes(cloud):
        reply = stocked.place({"card-50": 1}, idempotency_key="one")

    assert is_refused(reply, expected), reply.text
    assert secret not in reply.text
    assert ("retry-after" in reply.headers) == (reply.status == 503)
    assert stocked.place({"card-50": 1}, idempotency_key="one").status == 201


def _send(cloud: InMemory, shop: Shop, raw: bytes) -> Reply:
    event = sample("api_serve_storefront", "place_order", key=shop.keys["storefront"])
    event["body"] = base64.b64encode(raw).decode()
    answer = cloud.invoke("api_serve_storefront", event)
    reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
    check(event["routeKey"], reply)
    return reply
