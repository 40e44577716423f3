"""Who may do what: every operation with an API key, against every scope and bad credential."""

import itertools
from collections.abc import Callable

import pytest

from scrip.contracts.openapi import OPERATIONS
from scrip.contracts.operation import Operation
from scrip.domain import errors
from scrip.domain.api_key import Scope
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.in_memory import InMemory
from tests.shop import Reply, Shop

NAMES = {
    "product_id": "card-50",
    "variant_id": "card-50",
    "order_id": "7K2M9Q4XTB3WHD5N",
    "key_id": "nobody00",
    "batch_id": "0123456789",
    "export_id": "7K2M9Q4XTB3WHD5N",
    "import_id": "0123456789abcdef",
    "line": "0",
}
BODIES = {
    "place_order": {"lines": [{"variant_id": "card-50"}], "email": "buyer@example.com"},
    "put_product": {"title": "Card"},
    "put_variant": {"title": "Card", "price_minor": 4500, "currency": "EUR"},
    "import_codes": b"NEW-1",
    "add_units": {"units": 3},
    "open_import": {"file_name": "codes.csv"},
    "issue_key": {"scope": "storefront", "label": "new"},
    "read_generated_key": {"product_id": "card-50", "key": "0000"},
    "free_seats": {"product_id": "card-50", "key": "0000"},
    "recall_batch": {"reason": "leaked"},
    "put_offer": {"units": 2},
    "request_export": {"codes": 1, "reason": "move"},
    "replace_code": {"unit": 0, "reason": "bad"},
    "return_codes": {"reason": "bad"},
    "set_refund_due": {"refund_due_minor": 1, "reason": "bad"},
    "freeze_order": {"frozen": True, "reason": "stolen"},
    "decide_stray": {"stray_id": "stripe#pi_1", "action": "refund", "reason": "twice"},
    "check_top_up": {"variant_id": "card-50"},
    "decide_top_up": {"line": 0, "unit": 0, "verdict": "succeeded", "reason": "asked"},
    "shred_batch": {"reason": "leaked"},
    "shred_unit": {"line": 0, "unit": 0, "reason": "leaked"},
}
NAMED_OTHERWISE = {"add_units": {"variant_id": "nothing"}}
"""card-50 sells codes, not a number."""

KEYED = [each for each in OPERATIONS if isinstance(each.access, frozenset)]


def call(shop: Shop, operation: Operation, key: str | None) -> Reply:
    headers = {"idempotency-key": "one"}
    if operation.text:
        headers["content-type"] = "text/plain"
    names = NAMES | NAMED_OTHERWISE.get(operation.name, {})
    path, body = operation.url.format(**names), BODIES.get(operation.name)
    return shop.call(operation.method, path, body, key=key, headers=headers)


def test_only_keys_of_its_scopes_open_an_operation(
    cloud: InMemory, stocked: Shop, subtests: pytest.Subtests
) -> None:
    for operation, scope in itertools.product(KEYED, Scope):
        assert isinstance(operation.access, frozenset)
        with subtests.test(f"{scope.value} key: {operation.name}"):
            if scope in operation.access:
                reply = call(stocked, operation, scope.value)
                assert reply.status < 300 or reply.status == 404, reply.text
            else:
                with nothing_changes(cloud):
                    reply = call(stocked, operation, scope.value)
                assert is_refused(reply, errors.ScopeMissing), reply.text


def test_every_scope_opens_something_and_none_opens_all() -> None:
    opened = {
        scope: {each.name for each in KEYED if scope in each.access}  # type: ignore[operator]
        for scope in Scope
    }

    assert opened[Scope.STOREFRONT] == {"list_products", "place_order", "check_top_up"}
    assert opened[Scope.FINANCE] < opened[Scope.OPERATOR]
    assert not opened[Scope.STOREFRONT] & opened[Scope.OPERATOR]


def test_nothing_opens_without_a_key_that_works(
    cloud: InMemory,
    stocked: Shop,
    open_another: Callable[..., Shop],
    subtests: pytest.Subtests,
) -> None:
    other = open_another("other")
    for operation in KEYED:
        assert isinstance(operation.access, frozenset)
        scope = min(scope.value for scope in operation.access)
        bad = bad_keys(stocked.keys[scope], other.keys[scope])
        with subtests.test(operation.name):
            with nothing_changes(cloud):
                missing = call(stocked, operation, None)
                replies = {name: call(stocked, operation, text) for name, text in bad.items()}

            assert is_refused(missing, errors.CredentialsMissing)
            for name, reply in replies.items():
                assert is_refused(reply, errors.CredentialsInvalid), (name, reply.text)


def bad_keys(good: str, foreign: str) -> dict[str, str]:
    """What is wrong with a key, and a key of which that is true."""
    prefix, merchant, key_id, secret = good.split("_")
    return {
        "unknown key": "_".join((prefix, merchant, "nobody00", secret)),
        "wrong secret": "_".join((prefix, merchant, key_id, secret[:-1] + "z")),
        "no secret": "_".join((prefix, merchant, key_id, "")),
        "no merchant": "_".join((prefix, "", key_id, secret)),
        "secret of another merchant's key": "_".join(
            (prefix, merchant, key_id, foreign.split("_")[3])
        ),
        "unknown merchant": "_".join((prefix, "nobody", key_id, secret)),
        "longer": good + "_x",
        "long": "sk_" + "x" * 5000,
        "an order token": "ot_demo_20000_" + "0" * 40,
        "not ASCII": "sk_demo_ключ_секрет",
    }


def test_another_kind_of_credential_is_none(shop: Shop) -> None:
    for header in ("", "Bearer", "Bearer ", "Basic c2s6", "Token x", "sk_demo"):
        reply = shop.call("GET", "/v1/merchant/orders", headers={"authorization": header})

        assert is_refused(reply, errors.CredentialsMissing), header


def test_a_key_is_shown_once_works_and_stops_when_revoked(cloud: InMemory, shop: Shop) -> None:
    issued = shop.call(
        "POST", "/v1/merchant/keys", {"scope": "finance", "label": "books"}, key="operator"
    ).json
    listed = shop.call("GET", "/v1/merchant/keys", key="operator")
    assert issued["key"] in listed.json["keys"]
    assert issued["secret"] not in listed.text
    assert issued["secret"].split("_")[3] not in listed.text
    assert shop.call("GET", "/v1/merchant/orders", key=issued["secret"]).status == 200

    path = f"/v1/merchant/keys/{issued['key']['key_id']}"
    revoked = shop.call("DELETE", path, key="operator")

    assert revoked.json == issued["key"]
    with nothing_changes(cloud):
        refused = shop.call("GET", "/v1/merchant/orders", key=issued["secret"])
        again = shop.call("DELETE", path, key="operator")
    assert is_refused(refused, errors.CredentialsInvalid)
    assert is_refused(again, errors.KeyUnknown)
