"""A reseller of a shop, at its own machine: signs by what docs/resale.md says, with nothing of
ours; and the operator's part, opening its account."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import boto3
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.sqs.models import sqs_backends

from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.public_https import PublicHttps
from scrip.adapters.reseller_book import Book
from scrip.adapters.resellers import Resellers
from scrip.adapters.tables import Table
from scrip.domain.reseller import Entry, Movement
from scrip.flows.manage_resellers import open_reseller
from tests.generated import sell_generated
from tests.in_memory import REGION, InMemory, forget_adapters
from tests.outbox import publish
from tests.shop import Carrier, Reply, Shop
from tests.top_ups import PHONE, sell_top_up

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()


@dataclass
class ResellerClient:
    """`ahead_seconds`: how wrong its clock is."""

    carrier: Carrier
    merchant_id: str = "demo"
    reseller_id: str = "outlet"
    secret: str = SECRET
    ahead_seconds: int = 0
    now: Any = field(default=time.time)

    @property
    def root(self) -> str:
        return f"/v1/resale/{self.merchant_id}/{self.reseller_id}"

    def signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        stamp = str(int(self.now()) + self.ahead_seconds)
        text = f"{method} {path}.{stamp}.".encode() + body
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
        return {"scrip-timestamp": stamp, "scrip-signature": f"v1,{mac}"}

    def call(self, method: str, rest: str, body: Any = None) -> Reply:
        path, raw = f"{self.root}/{rest}", b"" if body is None else json.dumps(body).encode()
        return self.carrier.send(method, path, self.signed(method, path, raw), raw)

    def order(self, variant: str, quantity: int = 1, reference: str = "A-1", **more: Any) -> Reply:
        body = {"reference": reference, "variant_id": variant, "quantity": quantity, **more}
        return self.call("POST", "orders", body)

    def read(self, reference: str = "A-1") -> Reply:
        return self.call("GET", f"orders/{reference}")

    def cancel(self, reference: str = "A-1") -> Reply:
        return self.call("POST", f"orders/{reference}/cancel")

    def codes(self, reference: str = "A-1") -> Reply:
        return self.call("POST", f"orders/{reference}/codes")

    def balance(self) -> int:
        reply = self.call("GET", "balance")
        assert reply.status == 200, reply.text
        return int(reply.json["balance_minor"])


@dataclass(frozen=True)
class Desk:
    """What the shop's operator does for its resellers."""

    resellers: Resellers
    book: Book
    merchant_id: str

    def credit(self, amount: int, key: str = "first", reseller_id: str = "outlet") -> None:
        entry = Entry(self.merchant_id, reseller_id, Movement.CREDIT, key, amount, 1, "transfer")
        assert self.book.write(entry)

    def proved(self, reseller_id: str = "outlet") -> int:
        """The balance, which is what its entries come to."""
        found = self.resellers.get(self.merchant_id, reseller_id, consistent=True).balance_minor
        assert found == self.book.total_minor(self.merchant_id, reseller_id)
        return found

    def moved(self, reseller_id: str = "outlet") -> list[int]:
        found = self.book.entries(self.merchant_id, reseller_id, 0, 9_999_999_999_999)
        return [each.amount_minor for each in found]


def resale_desk(values: Mapping[str, str], merchant_id: str = "demo") -> Desk:
    """`values`: those of a deployment."""
    table = Table(boto3.client("dynamodb"), values["ResellersTable"])
    keys = Keys(boto3.client("kms"), values["VaultKeyArn"])
    return Desk(Resellers(table, keys), Book(table), merchant_id)


def open_account(
    values: Mapping[str, str],
    merchant_id: str = "demo",
    *,
    reseller_id: str = "outlet",
    currency: str = "EUR",
    secret: str = SECRET,
    balance: int = 0,
) -> Desk:
    """A reseller of the shop."""
    desk = resale_desk(values, merchant_id)
    merchants = Table(boto3.client("dynamodb"), values["MerchantsTable"])
    open_reseller(
        merchant_id,
        reseller_id,
        name="Outlet",
        currency=currency,
        secret=secret,
        now_ms=1,
        merchants=Merchants(merchants),
        resellers=desk.resellers,
    )
    if balance:
        desk.credit(balance, reseller_id=reseller_id)
    return desk


def take_news(cloud: InMemory) -> list[tuple[dict[str, Any], int]]:
    """All that the queue of news holds, taken off it: the event of each message, and after how many
    seconds it comes."""
    queue = sqs_backends[ACCOUNT_ID][REGION].queues["resale"]
    taken = [
        (
            {"Records": [{"messageId": each.id, "body": each.body}]},
            max(0, round((each.delayed_until - each.sent_timestamp) / 1000)),
        )
        for each in queue._messages
    ]
    queue._messages.clear()
    return taken


def resell(cloud: InMemory, shop: Shop) -> ResellerClient:
    """All that a reseller can do, and what may become of it."""
    desk = open_account(cloud.values, shop.merchant_id, balance=100_000)
    url = "https://outlet.example/scrip"
    desk.resellers.change(shop.merchant_id, "outlet", {"callback_url": url})
    shop.stock_up("resold", [f"RESOLD-{number}" for number in range(5)])
    client = ResellerClient(shop.carrier, shop.merchant_id)
    for reply in (
        client.call("GET", "prices"),
        client.call("GET", "balance"),
        client.order("resold", 2),
        client.order("resold", 4, "short"),
        client.read(),
    ):
        assert reply.status == 200, reply.text
    assert client.read("short").json["state"] == "failed"
    _call_off_and_reveal(shop, client)
    publish(cloud)
    news = [event for event, _ in take_news(cloud)]
    for status, event in zip((200, 500, 410), news[:3], strict=True):
        with mock.patch.object(PublicHttps, "post", return_value=status):
            assert not cloud.invoke("queue_tell_resellers", event)["batchItemFailures"]
    with mock.patch("functions.api_serve_resellers.handler.take"):  # it dies before
        assert client.order("resold", 1, "late").json["state"] == "underway"
    return client


def _call_off_and_reveal(shop: Shop, client: ResellerClient) -> None:
    """The shop has an account `main` with a supplier."""
    sell_top_up(shop, "resold-up")
    charged = client.order("resold-up", 1, "charged", filled={"phone": PHONE})
    assert charged.json["state"] == "underway", charged.text
    assert client.cancel("charged").json["state"] == "failed"
    sell_generated(shop, "resold-key")
    sell_generated(shop, "resold-licence", licence={})
    for product in ("resold-key", "resold-licence"):
        assert client.order(product, 1, product).status == 200
        assert len(client.codes(product).json["codes"]) == 1
    assert len(client.codes().json["codes"]) == 2
    shop.stock_up("resold-last", ["RESOLD-LAST"])
    assert client.order("resold-last", 1, "last").status == 200
    forget_adapters()  # codes are looked at by who has not just sealed them
    assert shop.shred_batch("resold-last").status == 200
    assert client.codes("last").status == 410
