"""The keys API: an application on somebody's device asks about a key."""

from collections.abc import Callable
from typing import Any

import pytest

from scrip.domain.errors import (
    ActivationLimitReached,
    GeneratedKeyExpired,
    GeneratedKeyUnknown,
    KeyMistyped,
    ProductUnknown,
    RequestInvalid,
    TooManyRequests,
)
from scrip.domain.rate import PER_KEY
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.generated import CODE, GUESS, KEY, ask, look_up, put_generated, register
from tests.in_memory import InMemory
from tests.shop import Shop


@pytest.fixture
def selling(cloud: InMemory, shop: Shop) -> Shop:
    """The shop with one key of the product `editor` sold, for two devices."""
    assert put_generated(shop, activation_limit=2).status == 200
    register(cloud.values, shop)
    return shop


def test_a_device_is_activated_validated_and_deactivated(selling: Shop) -> None:
    assert ask(selling, "validate").json == {"status": "not_activated", "valid_until_ms": 0}
    activated = ask(selling, "activate", label="Laptop")
    assert activated.json == {
        "active": True,
        "valid_until_ms": 0,
        "activations": 1,
        "activation_limit": 2,
    }
    assert ask(selling, "activate").json == activated.json
    assert ask(selling, "validate").json["status"] == "valid"
    assert ask(selling, "activate", device="device-2").json["activations"] == 2
    assert ask(selling, "validate", device="device-3").json["status"] == "limit"
    assert is_refused(ask(selling, "activate", device="device-3"), ActivationLimitReached)
    left = ask(selling, "deactivate")
    assert (left.json["active"], left.json["activations"]) == (False, 1)
    assert ask(selling, "activate", device="device-3").status == 200
    assert ask(selling, "validate").json["status"] == "limit"


def test_a_key_is_understood_as_people_type_it(selling: Shop) -> None:
    assert ask(selling, "activate", key=f" {KEY.lower().replace('-', ' ')} ").status == 200
    assert ask(selling, "validate", key=CODE).json["status"] == "valid"


def test_a_key_that_ended_is_of_no_use(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    put_generated(shop)
    register(cloud.values, shop, until_ms=clock.now_ms + 60_000)
    assert ask(shop, "activate").status == 200
    clock.ahead_ms = 61_000

    assert ask(shop, "validate").json == {"status": "expired", "valid_until_ms": 0}
    assert is_refused(ask(shop, "activate"), GeneratedKeyExpired)
    assert ask(shop, "deactivate").status == 200


def test_a_typo_is_told_from_a_guess(selling: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    typo = KEY[:-1] + ("0" if KEY[-1] != "0" else "1")

    assert is_refused(ask(selling, "activate", key=typo), KeyMistyped)
    assert is_refused(ask(selling, "activate", key=GUESS), GeneratedKeyUnknown)
    assert is_refused(ask(selling, "deactivate", key=GUESS), GeneratedKeyUnknown)
    assert ask(selling, "validate", key=GUESS).json["status"] == "unknown"

    printed = capfd.readouterr().out
    assert printed.count('"KeyTypos":[1.0]') == 1
    assert printed.count('"KeyGuesses":[1.0]') == 3


def test_what_is_not_for_keys_is_unknown(selling: Shop) -> None:
    selling.put_variant("card")

    for more in ({"product_id": "card"}, {"product_id": "nothing"}, {"merchant_id": "other"}):
        assert is_refused(ask(selling, "validate", **more), ProductUnknown)


@pytest.mark.parametrize(
    "more",
    [
        {"device": "short"},
        {"device": "with space"},
        {"key": "X" * 2000},
        {"key": ""},
        {"merchant_id": "Demo"},
        {"product_id": "../x"},
        {"label": "Laptop"},
    ],
)
def test_what_does_not_fit_the_contract_is_refused(selling: Shop, more: dict[str, str]) -> None:
    assert is_refused(ask(selling, "validate", **more), RequestInvalid)


def test_who_asks_too_often_waits_for_the_next_window(selling: Shop, clock: Clock) -> None:
    clock.ahead_ms = -(clock.now_ms % 60_000)
    for _ in range(PER_KEY.hits):
        assert ask(selling, "validate").status == 200

    refused = ask(selling, "validate")

    assert is_refused(refused, TooManyRequests)
    assert 50 <= int(refused.headers["retry-after"]) <= 60
    clock.ahead_ms += int(refused.headers["retry-after"]) * 1000
    assert ask(selling, "validate").status == 200


def test_nothing_of_key_or_device_is_kept_as_it_is(selling: Shop, cloud: InMemory) -> None:
    ask(selling, "activate", device="device-of-anna", label="Laptop")

    items = str(cloud.table("generated_keys").scan()["Items"])

    assert "Laptop" in items
    for plain in (CODE, KEY, "device-of-anna", "203.0.113.7"):
        assert plain not in items


# --- what the merchant says of it


def test_a_product_by_default_makes_keys_that_cannot_be_guessed(shop: Shop) -> None:
    reply = put_generated(shop)

    assert reply.json["generated"] == {
        "pattern": {
            "alphabet": "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
            "groups": [4, 4, 4, 4],
            "separator": "-",
            "prefix": "",
            "check": True,
        },
        "licence": None,
        "validity_days": 0,
        "activation_limit": 1,
        "warning": "",
    }
    read = shop.call("GET", "/v1/merchant/products/editor", key="operator")
    assert read.json == reply.json


def test_a_weak_pattern_is_taken_from_who_insists_and_warned_of(shop: Shop) -> None:
    weak = {"alphabet": "0123456789", "groups": [6, 6]}

    refused = put_generated(shop, pattern=weak)
    taken = put_generated(shop, pattern=weak, accept_weak=True)

    assert (refused.status, refused.problem) == (422, "pattern-weak")
    assert "somebody guesses one every 28 hours" in refused.json["detail"]
    assert taken.status == 200
    assert taken.json["generated"]["warning"].endswith("somebody guesses one every 28 hours")


def test_only_the_activation_limit_of_a_product_changes(shop: Shop) -> None:
    assert put_generated(shop, licence={"features": ["pro"]}, validity_days=30).status == 200
    more = put_generated(shop, licence={"features": ["pro"]}, validity_days=30, activation_limit=5)

    assert more.json["generated"]["activation_limit"] == 5
    others: list[dict[str, Any]] = [{"licence": {"features": ["max"]}}, {"pattern": {}}]
    for changed in others:
        assert put_generated(shop, validity_days=30, **changed).problem == "product-fixed"
    pool = shop.call("PUT", "/v1/merchant/products/editor", {"title": "x"}, key="operator")
    assert pool.problem == "product-fixed"


@pytest.mark.parametrize(
    "generated",
    [
        {"pattern": {}, "licence": {}},
        {"pattern": {"alphabet": "0123456789A"}},
        {"pattern": {"groups": [4]}, "accept_weak": True},
        {"licence": {"features": ["Pro"]}},
        {"licence": {"features": ["x"] * 9}},
        {"activation_limit": 0},
        {"activation_limit": 101},
        {"validity_days": -1},
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(shop: Shop, generated: dict[str, Any]) -> None:
    assert is_refused(put_generated(shop, **generated), RequestInvalid)


def test_a_recipe_goes_with_its_kind_only(shop: Shop) -> None:
    path = "/v1/merchant/products/editor"
    for body in ({"title": "x", "kind": "generated_key"}, {"title": "x", "generated": {}}):
        assert is_refused(shop.call("PUT", path, body, key="operator"), RequestInvalid)


# --- a key that its buyer names


def test_the_merchant_sees_which_devices_use_a_key_and_frees_their_seats(selling: Shop) -> None:
    for number in (1, 2):
        ask(selling, "activate", device=f"device-{number}", label=f"Laptop {number}")

    seen = look_up(selling, "read", KEY.lower()).json
    freed = look_up(selling, "free").json

    assert [seat["label"] for seat in seen["seats"]] == ["Laptop 1", "Laptop 2"]
    assert {**seen, "seats": []} == freed == look_up(selling, "free").json
    assert freed == {
        "order_id": "7K2M9Q4XTB3WHD5N",
        "line": 0,
        "unit": 0,
        "variant_id": "editor-1y",
        "valid_until_ms": 0,
        "seats": [],
    }
    assert ask(selling, "validate").json["status"] == "not_activated"


def test_the_merchant_is_told_what_is_no_key_of_the_product(
    selling: Shop, open_another: Callable[..., Shop]
) -> None:
    put_generated(selling, "viewer")
    other = open_another("other")
    put_generated(other)

    for verb in ("read", "free"):
        assert is_refused(look_up(selling, verb, "7K2M"), KeyMistyped)
        assert is_refused(look_up(selling, verb, GUESS), GeneratedKeyUnknown)
        assert is_refused(look_up(selling, verb, product_id="viewer"), GeneratedKeyUnknown)
        assert is_refused(look_up(selling, verb, product_id="nothing"), ProductUnknown)
        assert is_refused(look_up(other, verb), GeneratedKeyUnknown)


# --- public keys


def test_public_keys_are_published_and_may_be_kept_for_a_while(shop: Shop, clock: Clock) -> None:
    where = "/.well-known/scrip/demo/licence-keys.json"
    assert shop.call("GET", where).json == {"keys": []}
    put_generated(shop, licence={})

    [first] = shop.call("GET", where).json["keys"]
    rotated = shop.call("POST", "/v1/merchant/licence-keys", key="operator")
    again = shop.call("POST", "/v1/merchant/licence-keys", key="operator")

    assert {**first, "x": ""} == {
        "kid": "1",
        "kty": "OKP",
        "crv": "Ed25519",
        "use": "sig",
        "x": "",
        "from_ms": 0,
    }
    assert len(first["x"]) == 43
    published = shop.call("GET", where)
    assert published.headers["cache-control"] == "public, max-age=3600"
    assert published.json == rotated.json == again.json
    assert [key["kid"] for key in published.json["keys"]] == ["1", "2"]
    assert published.json["keys"][1]["from_ms"] > clock.now_ms + 23 * 3_600_000


def test_only_an_operator_rotates(shop: Shop) -> None:
    for key in ("storefront", "finance"):
        assert shop.call("POST", "/v1/merchant/licence-keys", key=key).status == 403
