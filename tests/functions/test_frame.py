"""What is the same for every HTTP function: headers, traces, unknown routes, bugs."""

import json

import pytest

from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.in_memory import InMemory
from tests.samples import sample
from tests.shop import Shop

ORDER = {"lines": [{"variant_id": "card-50", "quantity": 1}], "email": "buyer@example.com"}


def test_headers_are_found_in_any_case(stocked: Shop) -> None:
    headers = {"AUTHORIZATION": f"bearer {stocked.keys['storefront']}", "IDEMPOTENCY-KEY": "one"}

    assert stocked.call("POST", "/v1/orders", ORDER, headers=headers).status == 201


def test_a_trace_is_joined_and_a_bad_one_is_replaced(shop: Shop) -> None:
    trace_id, span_id = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

    def answered(traceparent: str) -> list[str]:
        reply = shop.call("GET", "/v1/openapi.json", headers={"traceparent": traceparent})
        return reply.headers["traceparent"].split("-")

    joined = answered(f"00-{trace_id}-{span_id}-00")
    assert (joined[0], joined[1], joined[3]) == ("00", trace_id, "00")
    assert joined[2] != span_id
    for bad in ("", "00-" + "0" * 32 + f"-{span_id}-01", f"00-{trace_id}-short-01", "nonsense"):
        begun = answered(bad)
        assert len(begun[1]) == 32
        assert begun[1] not in (trace_id, "0" * 32)


def test_a_refusal_carries_the_trace_too(shop: Shop) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}

    reply = shop.call("GET", "/v1/products", headers=headers)

    assert is_refused(reply, errors.CredentialsMissing)
    assert reply.headers["traceparent"].split("-")[1] == trace_id
    assert reply.headers["www-authenticate"] == "Bearer"


def test_an_unknown_route_is_a_problem_too(cloud: InMemory, shop: Shop) -> None:
    event = sample("api_serve_storefront", "place_order", key=shop.keys["storefront"])
    event["routeKey"] = "$default"

    answer = cloud.invoke("api_serve_storefront", event)

    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["type"] == "urn:scrip:problem:route-unknown"


def test_a_bug_is_answered_500_without_its_details(
    cloud: InMemory, stocked: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("functions.api_serve_storefront.handler.place_order", broken)
    event = sample("api_serve_storefront", "place_order", key=stocked.keys["storefront"])

    with nothing_changes(cloud):
        answer = cloud.invoke("api_serve_storefront", event)

    assert answer["statusCode"] == 500
    problem = json.loads(answer["body"])
    assert (problem["type"], problem["outcome"]) == ("urn:scrip:problem:internal-error", "unknown")
    assert "secret detail" not in answer["body"]
