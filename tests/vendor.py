"""Suppliers without a wire: what they tell and take is set by a test."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import boto3
import msgspec

from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.tables import Table
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable
from scrip.domain.money import Money
from scrip.domain.supplier_terms import Meaning, Resend, Terms
from scrip.wiring.clients import provider_http
from tests.in_memory import InMemory
from tests.kinds import registered_kind
from tests.shop import Shop
from tests.top_ups import sell_top_up

KIND = "vendor"


@dataclass
class Book:
    """What all vendors say, by account. `costs`: by account and good, in minor units of EUR; what
    is not there makes no sense. `gone`: goods that nobody has. `asked`: in order; `sent`: which
    accounts got an order. `meanwhile`: happens once, while a cost is asked for."""

    balances: dict[str, int] = field(default_factory=dict)
    costs: dict[tuple[str, str], int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    fails: set[str] = field(default_factory=set)
    meanwhile: Callable[[], object] | None = None

    def open_account(self, values: Mapping[str, str], merchant_id: str, name: str) -> None:
        """In the deployment with these values; with much money."""
        self.balances[name] = 1_000_000
        merchants = Merchants(Table(boto3.client("dynamodb"), values["MerchantsTable"]))
        keys = Keys(boto3.client("kms"), values["VaultKeyArn"])
        secrets = msgspec.json.encode({"name": name})
        Suppliers(merchants, keys, provider_http()).set(merchant_id, name, KIND, secrets)


class VendorSecrets(msgspec.Struct, forbid_unknown_fields=True):
    name: str


class Vendor:
    book: ClassVar[Book]

    def __init__(self, secrets: VendorSecrets, *_: Any) -> None:
        self.name = secrets.name
        self.terms = Terms(KIND, {}, Resend.REFUSES, per_second=1000)

    def balance(self) -> Money:
        self._answer("balance")
        return Money(self.book.balances[self.name], "EUR")

    def quote(self, sku: str) -> Quote:
        self._answer(sku)
        if (self.name, sku) not in self.book.costs:
            raise SupplierAnswerInvalid("no such good")
        return Quote(Money(self.book.costs[self.name, sku], "EUR"), sku not in self.book.gone)

    def send(self, _charge: Charge) -> Said:
        self.book.sent.append(self.name)
        failed = self.name in self.book.fails
        return Said(Meaning.REFUSED if failed else Meaning.DONE, "0")

    def _answer(self, question: str) -> None:
        self.book.asked.append(f"{self.name} {question}")
        meanwhile, self.book.meanwhile = self.book.meanwhile, None
        if meanwhile:
            meanwhile()
        if self.name in self.book.silent:
            raise SupplierUnavailable(self.name)


@contextmanager
def vendors() -> Iterator[Book]:
    """One more kind of supplier."""
    Vendor.book = Book()
    with registered_kind(KIND, SECRETS=VendorSecrets, SUPPLIER=Vendor):
        yield Vendor.book


def sync_vendor(cloud: InMemory, shop: Shop) -> None:
    """An account that holds too little is asked, and its merchant looks at it."""
    with vendors() as book:
        book.open_account(cloud.values, shop.merchant_id, KIND)
        book.balances[KIND], book.costs[KIND, "A"] = 1, 900
        sell_top_up(shop, routes=[{"supplier": KIND, "sku": "A"}])
        assert cloud.invoke("schedule_sync_suppliers", {})["halted"] == 1
    seen = shop.call("GET", "/v1/merchant/variants/minutes/routes", key="operator")
    assert seen.json["halted"] == ["balance"]
