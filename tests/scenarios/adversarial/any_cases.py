"""What may be done at any provider: replays, races, money that is not what was asked, and
callbacks at addresses that are not theirs."""

from typing import Any

from scrip.domain import errors
from tests.scenarios.adversarial.accounts import order_id_of
from tests.scenarios.adversarial.cases import (
    DELIVERED,
    DUPLICATE,
    REFUND_DUE,
    STRAY,
    Case,
    Change,
    Scene,
    Sends,
    Sent,
    facts,
    paid,
    refused,
    shouting,
)

AT_ONCE = 20
SECOND = "4200SECOND"


def then(*changes: dict[str, Any]) -> Sends:
    """One after the other, each made when the one before it was answered."""
    return lambda scene: (scene.pay(**each) for each in changes)


def again(scene: Scene) -> list[Sent]:
    return [scene.pay()] * 3


def at_once(scene: Scene) -> list[Sent]:
    return [scene.pay()] * AT_ONCE


def both_at_once(scene: Scene) -> list[Sent]:
    return [scene.pay(), scene.pay(transaction=SECOND)] * (AT_ONCE // 2)


def late(scene: Scene) -> list[Sent]:
    """Nobody paid when it was closed, here and at its provider; somebody had it open."""
    scene.account.begin(scene.placed)
    scene.expire(scene.placed)
    return [scene.pay()] * 2


def for_the_neighbours_order(scene: Scene) -> list[Sent]:
    """The shop's own payment, naming an order of another shop."""
    theirs = scene.place(scene.shops.neighbour, scene.account)
    return [scene.pay(order_id=order_id_of(theirs))]


def at_the(whose: str) -> Sends:
    return lambda scene: [scene.pay()._replace(merchant_id=getattr(scene.shops, whose).merchant_id)]


def at(merchant_id: str = "", provider: str = "") -> Change:
    return lambda sent: sent._replace(merchant_id=merchant_id, provider=provider)


CASES = (
    paid("header names in capitals", shouting),
    Case("three times", again, (DELIVERED, DUPLICATE, DUPLICATE), "delivered"),
    Case(
        "a second payment",
        then({}, {"transaction": SECOND}, {"transaction": SECOND}),
        (DELIVERED, STRAY, DUPLICATE),
        "delivered",
        ("second refund",),
    ),
    Case(
        "the same payment, now with another amount",
        then({}, {"amount": 9900}, {"amount": 9900}, {}),
        (DELIVERED, STRAY, DUPLICATE, DUPLICATE),
        "delivered",
        ("changed hold",),
    ),
    Case(
        "a short payment raised afterwards",
        then({"amount": 1}, {}),
        (STRAY, STRAY),
        strays=("short refund", "changed hold"),
    ),
    Case(
        "a short payment, then another that covers all",
        then({"amount": 4499, "transaction": "4200SHORT"}, {}),
        (STRAY, DELIVERED),
        "delivered",
        ("short refund",),
    ),
    facts("nothing at all", {"amount": 0}, STRAY, strays=("short refund",)),
    facts("one unit too much", {"amount": 4501}, REFUND_DUE, state="refund_due", owed=1),
    facts("no order of ours", {"order_id": "0" * 16}, errors.OrderUnknown),
    facts(
        "the merchant's name is another's",
        {"merchant_id": "somebody"},
        errors.PaymentMerchantMismatch,
    ),
    Case("an order of the neighbour", for_the_neighbours_order, (errors.OrderUnknown,)),
    Case("at the neighbour's address", at_the("neighbour"), (errors.PaymentMerchantMismatch,)),
    Case("at a stranger's address", at_the("stranger"), (errors.SignatureInvalid,)),
    refused("at nobody's address", at(merchant_id="nobody-here"), errors.GatewayUnknown),
    Case("late, twice", late, (DELIVERED, DUPLICATE), "delivered"),
)

RACES = (
    Case(
        "twenty times at once",
        at_once,
        (DELIVERED, *[DUPLICATE] * (AT_ONCE - 1)),
        "delivered",
        at_once=True,
    ),
    Case(
        "two payments at once, ten times each",
        both_at_once,
        (DELIVERED, STRAY, *[DUPLICATE] * (AT_ONCE - 2)),
        "delivered",
        ("second refund",),
        at_once=True,
    ),
)
"""Last of all: they make many processes, and each of them is cold."""

CURRENCY_CASES = (
    facts("other money", {"currency": "USD"}, STRAY, strays=("other_currency refund",)),
    facts(
        "much of worthless money",
        {"currency": "IDR", "amount": 10**12},
        STRAY,
        strays=("other_currency refund",),
    ),
)
"""Where the provider tells the currency."""

ONE_CASES = (
    refused("at an address with a NUL", at(merchant_id="demo\0"), errors.RequestInvalid),
    refused("at a module that is no provider", at(provider="registry"), errors.GatewayUnknown),
    refused("at a provider in capitals", at(provider="STRIPE"), errors.RequestInvalid),
)
"""Before every gateway: one provider tells of all."""

MISSING, MALFORMED = errors.SignatureMissing, errors.RequestMalformed
Refusals = dict[str, type[errors.ScripError]]
ELSEWHERE: dict[str, Refusals] = {
    "stripe": {"alipay": MALFORMED, "paypal": MISSING, "standard": MISSING, "wechat": MISSING},
    "wechat": {"paypal": MISSING, "standard": MISSING, "stripe": MISSING},
    "alipay": {"paypal": MISSING, "standard": MISSING, "stripe": MISSING, "wechat": MISSING},
    "paypal": {"alipay": MALFORMED, "standard": MISSING, "stripe": MISSING, "wechat": MISSING},
    "standard": {"alipay": MALFORMED, "paypal": MISSING, "stripe": MISSING, "wechat": MISSING},
}
"""At whose address a provider's callback is what. All but Alipay look for headers of their own."""

LIVE: Refusals = {
    "stripe": errors.PaymentModeMismatch,
    "paypal": errors.SignatureInvalid,
    "standard": errors.PaymentModeMismatch,
}
"""Test money where real money is taken. PayPal has other certificates for it; of the others a test
account has other keys, or there is none."""


def of(provider: str) -> tuple[Case, ...]:
    elsewhere = (
        refused(f"at the address of {other}", at(provider=other), error)
        for other, error in ELSEWHERE[provider].items()
    )
    live = (
        Case("test money at a live account", at_the("live"), (error,))
        for error in filter(None, [LIVE.get(provider)])
    )
    return (*CASES, *elsewhere, *live)
