"""A shop's account with each provider, as who attacks it knows it: what that provider would say of
a payment, rightly signed, with any of its facts changed."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import msgspec

from scrip.adapters.gateways.stripe import StripeSecrets
from tests.adapters import alipay_making, paypal_making, standard_making
from tests.oracles import standard_bridge, stripe_server, wechat_keys
from tests.oracles.alipay_server import OTHER_KEY, AlipayServer, bare
from tests.oracles.paying import RETURN, Signed
from tests.oracles.paypal_server import CLIENT_SECRET, PayPalServer
from tests.oracles.stripe_server import StripeServer
from tests.oracles.wechat_server import WechatServer
from tests.shop import Reply

JSON = {"content-type": "application/json"}
CERTIFIED, ENDED = "platform, certified", "platform, ended"
"""WeChat's keys in certificates, one of which has ended: the shop has them beside a public key."""
STRANGE_SECRET = "whsec_" + "c3RyYW5nZXI" * 4


class Settings(NamedTuple):
    """`strange`: of another account at the same provider, whose callbacks are signed otherwise.
    `live`: of the same account for real money, None where it cannot be told apart."""

    own: Any
    strange: Any
    live: Any = None


class Pay(Protocol):
    """What the provider posts when an order is paid. `facts` in our words: `amount` (minor units),
    `currency`, `transaction`, `order_id`, `merchant_id`; `told`: more, in the provider's."""

    def __call__(self, placed: Reply, facts: dict[str, Any], told: dict[str, Any]) -> Signed: ...


class Sign(Protocol):
    """Headers for any bytes, sent at any time (epoch seconds)."""

    def __call__(self, raw: bytes, at: int | None = None) -> dict[str, str]: ...


class Account(NamedTuple):
    """`settings`: what a merchant sets, by its name. `sign`: headers for any bytes at any time.
    `proof`: the header that has the signature. `thanks`: status, media type and text of the answer
    it wants, None where the outcome is told. `hidden`: what may stand in no log. `book`: the
    stand-in's. `begin`: the buyer goes to the page, and pays nothing yet."""

    provider: str
    currency: str
    asked: dict[str, Any]
    settings: Callable[[str], Settings]
    pay: Pay
    sign: Sign
    proof: str
    thanks: tuple[int, str, str] | None
    hidden: tuple[str, ...]
    book: Any = None
    begin: Callable[[Reply], object] = lambda _: None


def order_id_of(placed: Reply) -> str:
    return str(placed.json["order"]["order_id"])


def stripe(book: StripeServer) -> Account:
    def sign(raw: bytes, at: int | None = None) -> dict[str, str]:
        return {**JSON, "stripe-signature": stripe_server.sign(raw, at=at)}

    def pay(placed: Reply, facts: dict[str, Any], told: dict[str, Any]) -> Signed:
        reference = placed.json["payment"]["reference"]
        intent = book.settle(reference)
        owner = {name: facts[name] for name in ("order_id", "merchant_id") if name in facts}
        changes = {
            "id": facts.get("transaction", reference),
            "amount_received": facts.get("amount", intent["amount_received"]),
            "currency": str(facts.get("currency", intent["currency"])).lower(),
            "metadata": {**intent["metadata"], **owner},
        }
        raw = book.event("payment_intent.succeeded", {**intent, **changes, **told})
        return raw, sign(raw)

    signing = (stripe_server.WEBHOOK_SECRET,)
    settings = Settings(
        StripeSecrets(stripe_server.SECRET_KEY, signing),
        StripeSecrets("sk_test_stranger", ("whsec_stranger_of_enough_length",)),
        StripeSecrets("sk_live_oracle", signing),
    )
    return Account(
        "stripe",
        "EUR",
        {},
        lambda _: settings,
        pay,
        sign,
        "stripe-signature",
        None,
        (stripe_server.SECRET_KEY, stripe_server.WEBHOOK_SECRET),
        book,
    )


def certified(name: str) -> wechat_keys.Certified:
    return wechat_keys.certified(name, days=3650 if name == CERTIFIED else 1)


def wechat(book: WechatServer) -> Account:
    def pay(placed: Reply, facts: dict[str, Any], told: dict[str, Any]) -> Signed:
        order_id = order_id_of(placed)
        total = book.orders[order_id]["amount"]["total"]
        changes = {
            "transaction_id": facts.get("transaction", f"4200{order_id}"),
            "out_trade_no": facts.get("order_id", order_id),
            "attach": facts.get("merchant_id", book.orders[order_id]["attach"]),
            "amount": {
                "total": facts.get("amount", total),
                "currency": facts.get("currency", "CNY"),
            },
        }
        raw, headers = book.pay(order_id, **{**changes, **told})
        book.orders[order_id]["amount"] = {"total": total, "currency": "CNY"}
        return raw, {**JSON, **headers}

    known = (certified(CERTIFIED), certified(ENDED))
    certificates = {each.serial: each.pem for each in known}
    strange = {wechat_keys.PUBLIC_KEY_ID: wechat_keys.pair("stranger").public_pem}
    settings = Settings(
        wechat_keys.secrets(certificates=certificates), wechat_keys.secrets(public_keys=strange)
    )
    return Account(
        "wechat",
        "CNY",
        {},
        lambda _: settings,
        pay,
        lambda raw, at=None: {**JSON, **book.sign(raw, at)},
        "wechatpay-signature",
        (204, "application/json", ""),
        (wechat_keys.API_V3_KEY, wechat_keys.certified("merchant").pair.private_pem[100:160]),
        book,
    )


FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


def alipay(book: AlipayServer) -> Account:
    def begin(placed: Reply) -> None:
        book.visit(placed.json["payment"]["checkout_url"])

    def pay(placed: Reply, facts: dict[str, Any], told: dict[str, Any]) -> Signed:
        order_id = order_id_of(placed)
        if order_id not in book.trades:
            begin(placed)
        names = {
            "transaction": "trade_no",
            "order_id": "out_trade_no",
            "merchant_id": "passback_params",
        }
        changes = {names[name]: value for name, value in facts.items() if name in names}
        if "amount" in facts:
            changes["total_amount"] = f"{facts['amount'] / 100:.2f}"
        return book.pay(order_id, **changes, **told)

    others = (bare(OTHER_KEY.public_key()),)
    settings = Settings(alipay_making.SECRETS, alipay_making.secrets(alipay_public_keys=others))
    return Account(
        "alipay",
        "CNY",
        RETURN,
        lambda _: settings,
        pay,
        lambda raw, at=None: FORM,
        "sign",
        (200, "text/plain", "success"),
        (alipay_making.SECRETS.app_private_key[40:120],),
        book,
        begin,
    )


def standard() -> Account:
    def sign(raw: bytes, at: int | None = None) -> dict[str, str]:
        now = int(time.time()) if at is None else at
        return {**JSON, **standard_bridge.sign(raw, now)}

    def pay(placed: Reply, facts: dict[str, Any], told: dict[str, Any]) -> Signed:
        order = placed.json["order"]
        data = {
            "id": facts.get("transaction", f"ch_{order['order_id']}"),
            "amount": f"{facts.get('amount', 4500) / 100:.2f}",
            "currency": facts.get("currency", "EUR"),
            "livemode": False,
            "account": "acct_demo",
            "metadata": {
                "order_id": facts.get("order_id", order["order_id"]),
                "shop": facts.get("merchant_id", placed.json["order_token"].split("_")[1]),
            },
            **told,
        }
        raw = json.dumps({"type": "payment.succeeded", "data": data}).encode()
        return raw, sign(raw)

    def settings(merchant_id: str) -> Settings:
        own = standard_making.secrets(merchant_id=merchant_id)
        strange = msgspec.structs.replace(own, webhook_secrets=(STRANGE_SECRET,))
        return Settings(own, strange, msgspec.structs.replace(own, live=True))

    return Account(
        "standard",
        "EUR",
        RETURN,
        settings,
        pay,
        sign,
        "webhook-signature",
        (204, "application/json", ""),
        (standard_bridge.STANDARD_SECRET[6:], standard_bridge.OWN_SECRET[6:]),
    )


def paypal(book: PayPalServer) -> Account:
    """What a callback tells counts for nothing here: `facts` and `told` change PayPal's book."""
    units: dict[str, dict[str, Any]] = {}

    def pay(placed: Reply, facts: dict[str, Any], told: dict[str, Any]) -> Signed:
        reference = placed.json["payment"]["reference"]
        as_opened = units.setdefault(reference, dict(book.orders[reference]["purchase_units"][0]))
        owner, order_id = as_opened["custom_id"].split("/")[:2]
        owner, order_id = facts.get("merchant_id", owner), facts.get("order_id", order_id)
        money = {
            "currency_code": facts.get("currency", "EUR"),
            "value": f"{facts.get('amount', 4500) / 100:.2f}",
        }
        changed = {
            "custom_id": f"{owner}/{order_id}",
            "payee": as_opened["payee"],
            "amount": money,
            **told,
        }
        if "transaction" in facts:
            reference = another(book, reference, facts["transaction"])
        [unit] = book.orders[reference]["purchase_units"]
        unit.update(changed)
        if not unit.get("payments"):
            return book.pay(reference)
        [capture] = unit["payments"]["captures"]
        capture.update(changed)
        return book.event("PAYMENT.CAPTURE.COMPLETED", capture)

    strange = msgspec.structs.replace(paypal_making.SECRETS, webhook_ids=("0AA111111A111111B",))
    live = msgspec.structs.replace(paypal_making.SECRETS, environment="live")
    settings = Settings(paypal_making.SECRETS, strange, live)
    return Account(
        "paypal",
        "EUR",
        RETURN,
        lambda _: settings,
        pay,
        lambda raw, at=None: book.signer.headers(raw, at),
        "paypal-transmission-sig",
        None,
        (CLIENT_SECRET,),
        book,
    )


def another(book: PayPalServer, reference: str, name: str) -> str:
    """Another order at PayPal for the same order of ours, the same for the same name."""
    made = f"{reference}-{name}"
    if made not in book.orders:
        known = book.orders[reference]
        [unit] = known["purchase_units"]
        more = {**unit, "invoice_id": made}
        more.pop("payments", None)
        book.orders[made] = {**known, "id": made, "status": "CREATED", "purchase_units": [more]}
    return made
