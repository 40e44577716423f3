"""How a buyer pays at each stand-in, by what an order's answer shows and by nothing else."""

import hmac
import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.adapters import alipay_making, paypal_making, standard_making
from tests.oracles import wechat_keys
from tests.oracles.alipay_server import alipay_server
from tests.oracles.paypal_server import PayPalServer, paypal_server
from tests.oracles.paypal_signer import authority, pem
from tests.oracles.standard_bridge import OWN_SECRET, sign, standard_bridge
from tests.oracles.wechat_server import wechat_server

Signed = tuple[bytes, dict[str, str]]
RETURN = {"return_url": "https://shop.example/thanks"}


class Provider(NamedTuple):
    """`shown`: the field of the order's payment by which the buyer pays; `pay`: takes what is in it
    and gives the callback that follows. `answer`: status and body that the provider wants. `asked`:
    what the order says besides. `server`: the stand-in itself."""

    name: str
    server: Any
    secrets: Any
    currency: str
    shown: str
    pay: Callable[[str], Signed]
    answer: tuple[int, str]
    asked: dict[str, str]

    @property
    def base(self) -> str:
        return str(self.server.base)


@contextmanager
def wechat(port: int = 0) -> Iterator[Provider]:
    with wechat_server(port) as server:
        server.now_seconds = int(time.time())
        yield Provider(
            "wechat",
            server,
            wechat_keys.secrets(),
            "CNY",
            "qr_text",
            lambda qr_text: server.pay(server.scan(qr_text)),
            (204, ""),
            {},
        )


@contextmanager
def alipay(port: int = 0) -> Iterator[Provider]:
    with alipay_server(port) as server:
        yield Provider(
            "alipay",
            server,
            alipay_making.SECRETS,
            "CNY",
            "checkout_url",
            lambda url: server.pay(server.visit(url).content["out_trade_no"]),
            (200, "success"),
            RETURN,
        )


@contextmanager
def paypal(port: int = 0) -> Iterator[Provider]:
    with paypal_server(port) as server:
        yield Provider(
            "paypal",
            server,
            paypal_making.SECRETS,
            "EUR",
            "checkout_url",
            lambda url: approved(server, url),
            (200, '{"outcome":"delivered"}'),
            RETURN,
        )


@contextmanager
def standard(port: int = 0) -> Iterator[Provider]:
    with standard_bridge(port) as server:
        yield Provider(
            "standard",
            server,
            standard_making.secrets(),
            "EUR",
            "checkout_url",
            paid_by_link,
            (204, ""),
            RETURN,
        )


def approved(server: PayPalServer, url: str) -> Signed:
    """The buyer approves on the page that the link leads to; what is told then."""
    [order_id] = parse_qs(urlsplit(url).query)["token"]
    return server.pay(order_id)


def paid_by_link(url: str) -> Signed:
    """The page checks the link as docs/payments.md shows, takes the money, and tells."""
    query = urlsplit(url).query
    signed, signature = query[:-64], query[-64:]
    key = b64decode(OWN_SECRET.removeprefix("whsec_"))
    assert hmac.new(key, signed.encode(), "sha256").hexdigest() == signature
    facts = {name: value for name, [value] in parse_qs(signed).items()}
    now = int(time.time())
    assert now < int(facts["until"])
    event = {
        "type": "payment.succeeded",
        "timestamp": datetime.fromtimestamp(now, UTC).isoformat(),
        "data": {
            "id": f"tx_{facts['order']}",
            "amount": facts["amount"],
            "currency": facts["currency"],
            "livemode": False,
            "account": "acct_demo",
            "metadata": {"order_id": facts["order"], "shop": facts["shop"]},
        },
    }
    raw = json.dumps(event).encode()
    return raw, {"content-type": "application/json", **sign(raw, now)}


ROOTS = {"paypal": lambda: pem(authority()[0])}
"""PEM of whom the shop must trust besides the world's authorities to believe that provider."""

OPEN = {"alipay": alipay, "paypal": paypal, "standard": standard, "wechat": wechat}
"""Each takes a port, 0 for any."""
