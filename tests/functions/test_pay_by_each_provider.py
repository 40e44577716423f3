"""Each provider from end to end: an order is placed, paid where that provider lets one pay, and its
own signed callback delivers."""

import pytest

from scrip.adapters.gateways.registry import PROVIDERS, module_of
from scrip.domain import errors
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.by_provider import pay, place, tell
from tests.in_memory import InMemory
from tests.oracles.paying import Provider
from tests.shop import Shop


def test_a_payment_delivers_once_and_is_answered_in_the_providers_words(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    placed = place(selling, provider)
    assert placed.json["payment"]["provider"] == provider.name
    assert placed.json["payment"][provider.shown]

    signed = pay(provider, placed)
    told = tell(selling, provider, signed)
    with nothing_changes(deployed):
        again = tell(selling, provider, signed)

    assert (told.status, told.text) == provider.answer
    assert again.status == told.status
    assert len(selling.codes(placed)) == 1


def test_a_callback_with_one_byte_changed_is_refused(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    raw, headers = pay(provider, place(selling, provider))

    with nothing_changes(deployed):
        for at in range(0, len(raw), max(1, len(raw) // 12)):
            changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            reply = tell(selling, provider, (changed, headers))
            assert 400 <= reply.status < 500, (at, reply.text)

    assert tell(selling, provider, (raw, headers)).status in (200, 204)


def test_another_merchants_address_does_not_take_it(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    signed = pay(provider, place(selling, provider))

    with nothing_changes(deployed):
        reply = tell(selling, provider, signed, merchant_id="other")

    assert is_refused(reply, errors.GatewayUnknown)


def test_another_providers_address_does_not_take_it(
    deployed: InMemory, selling: Shop, provider: Provider
) -> None:
    raw, headers = pay(provider, place(selling, provider))

    with nothing_changes(deployed):
        for name in (each for each in PROVIDERS if each != provider.name):
            path = f"/v1/callbacks/payments/demo/{name}"
            reply = selling.call("POST", path, raw, headers=headers)
            assert 400 <= reply.status < 500


def test_placing_again_shows_the_same_payment(selling: Shop, provider: Provider) -> None:
    first = place(selling, provider, idempotency_key="the-order")

    again = place(selling, provider, idempotency_key="the-order")

    assert again.json["order"] == first.json["order"]
    assert again.json["payment"]["reference"] == first.json["payment"]["reference"]
    assert again.json["payment"][provider.shown]


def test_the_same_key_with_another_provider_is_another_order(
    selling: Shop, provider: Provider
) -> None:
    place(selling, provider, idempotency_key="the-order")

    reply = selling.place({"card": 1}, idempotency_key="the-order", provider="stripe")

    assert is_refused(reply, errors.IdempotencyKeyReused)


def test_a_provider_the_shop_has_not_set_up_is_told(selling: Shop) -> None:
    for name in ("paypig", "registry"):
        reply = selling.place({"card": 1}, provider=name)
        assert is_refused(reply, errors.GatewayUnknown)


def test_an_unknown_way_to_pay_is_told(selling: Shop, provider: Provider) -> None:
    reply = selling.place({"card": 1}, provider=provider.name, method="barter", **provider.asked)

    assert is_refused(reply, errors.RequestInvalid)


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_says_how_it_is_paid_and_answered(name: str) -> None:
    module = module_of(name)

    wanted = {"SECRETS", "GATEWAY", "METHODS", "SIGNATURE_HEADERS", "ACKNOWLEDGED"}
    assert wanted <= set(vars(module))
    assert all(isinstance(each, str) for each in module.METHODS)
