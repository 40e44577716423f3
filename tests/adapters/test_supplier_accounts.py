"""Merchants' accounts with suppliers: sealed, found by the merchant's names, within limits."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from scrip.adapters import sealed_secrets
from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.suppliers.registry import KINDS, Suppliers
from scrip.domain.errors import (
    RequestInvalid,
    SealBroken,
    SupplierAnswerInvalid,
    SupplierUnavailable,
    SupplierUnknown,
)
from scrip.domain.supplier_terms import MINUTE_MS, Limits, Meaning, Resend, Terms
from scrip.wiring.clients import table
from tests.adapters.faults import Faults
from tests.in_memory import InMemory
from tests.kinds import registered_kind
from tests.test_suppliers_page import example_of

TERMS = Terms("vendor", {"0": Meaning.TAKEN}, Resend.REFUSES, per_second=4)
SECRETS = b'{"token": "SECRET-1"}'
OK = Acknowledgement(200, "text/plain", b"ok")
NOW_MS = 1_760_000_000_000


class VendorSecrets(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class Vendor:
    def __init__(self, secrets: VendorSecrets, api_base: str, http: URLLib3Session) -> None:
        self.secrets = secrets
        self.api_base = api_base
        self.terms = TERMS


class Shelf(Vendor):
    """One that tells levels, too."""

    counts_within_ms = 1000

    def level(self, sku: str) -> Any:
        return msgspec.json.decode(sku, type=tuple[int, int])


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(autouse=True)
def kinds() -> Iterator[None]:
    signed = {"SIGNATURE_HEADERS": ("x-signature",), "ACKNOWLEDGED": OK}
    with (
        registered_kind("vendor", SECRETS=VendorSecrets, SUPPLIER=Vendor, **signed),
        registered_kind("shelf", SECRETS=VendorSecrets, SUPPLIER=Shelf),
    ):
        yield


@pytest.fixture
def merchants(cloud: InMemory) -> Merchants:
    return Merchants(table(cloud.values["MerchantsTable"]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def suppliers(merchants: Merchants, keys: Keys, clock: Clock) -> Suppliers:
    return Suppliers(merchants, keys, URLLib3Session(), '{"vendor": "http://vendor"}', clock)


def opened(suppliers: Suppliers, account: str = "main", merchant_id: str = "demo") -> Vendor:
    found = suppliers.of(merchant_id, account)
    assert isinstance(found, Vendor)
    return found


def test_an_account_opens_with_its_secrets_at_the_base_of_its_kind(suppliers: Suppliers) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)
    suppliers.set("demo", "other-2", "shelf", SECRETS.replace(b"1", b"2"))

    assert (opened(suppliers).secrets.token, opened(suppliers).api_base) == (
        "SECRET-1",
        "http://vendor",
    )
    other = opened(suppliers, "other-2")
    assert (type(other), other.secrets.token, other.api_base) == (Shelf, "SECRET-2", "")
    assert suppliers.names("demo") == ["main", "other-2"]
    assert suppliers.names("nobody") == []


def test_secrets_lie_sealed_and_open_for_their_merchant_and_account_only(
    suppliers: Suppliers, merchants: Merchants, cloud: InMemory
) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)

    kept = merchants.supplier("demo", "main")
    merchants.put_supplier("zhang", "main", "vendor", kept.sealed)
    merchants.put_supplier("demo", "second", "vendor", kept.sealed)

    assert "SECRET" not in repr(cloud.table("merchants").scan()["Items"])
    assert "sealed" not in repr(kept)
    for merchant_id, account in (("zhang", "main"), ("demo", "second")):
        with pytest.raises(SealBroken):
            suppliers.of(merchant_id, account)


@pytest.mark.parametrize("account", ["nobody", ""])
def test_an_account_nobody_set_is_unknown(suppliers: Suppliers, account: str) -> None:
    for ask in (
        lambda: suppliers.of("demo", account),
        lambda: suppliers.level("demo", account, "x", NOW_MS),
        lambda: suppliers.signature_headers("demo", account, {}),
        lambda: suppliers.acknowledgement("demo", account),
        lambda: suppliers.limit("demo", account, Limits()),
        lambda: suppliers.set("demo", "main", "nokind", SECRETS),
    ):
        with pytest.raises(SupplierUnknown):
            ask()


def test_a_name_stays_with_its_kind(suppliers: Suppliers) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)

    with pytest.raises(RequestInvalid):
        suppliers.set("demo", "main", "shelf", SECRETS)

    assert type(opened(suppliers)) is Vendor


def test_limits_are_over_the_terms_and_stay_when_secrets_change(suppliers: Suppliers) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)
    suppliers.limit("demo", "main", Limits(per_minute=30, at_once=2, patience_minutes=7))
    suppliers.set("demo", "main", "vendor", SECRETS)

    terms = opened(suppliers).terms

    assert (terms.per_second, terms.at_once, terms.patience_ms) == (0.5, 2, 7 * MINUTE_MS)
    assert (terms.unsent_ms, terms.meanings) == (TERMS.unsent_ms, TERMS.meanings)
    assert TERMS.per_second == 4


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_opens_within_limits(suppliers: Suppliers, kind: str) -> None:
    suppliers.set("demo", "main", kind, example_of(kind).encode())
    suppliers.limit("demo", "main", Limits(per_minute=6))

    supplier = suppliers.of("demo", "main")

    assert supplier.terms.supplier == kind
    assert supplier.terms.per_second == 0.1
    assert supplier.terms.meanings


def test_limits_replace_those_before(suppliers: Suppliers, clock: Clock) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)
    suppliers.limit("demo", "main", Limits(per_minute=30))
    suppliers.limit("demo", "main", Limits(at_once=0, unsent_minutes=1))

    terms = opened(suppliers).terms

    assert (terms.per_second, terms.at_once, terms.unsent_ms) == (4, 0, MINUTE_MS)


def test_what_changed_arrives_within_a_minute(suppliers: Suppliers, clock: Clock) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)
    opened(suppliers)

    suppliers.set("demo", "main", "vendor", SECRETS.replace(b"1", b"2"))
    clock.seconds += sealed_secrets.CACHE_SECONDS - 1
    assert opened(suppliers).secrets.token == "SECRET-1"

    clock.seconds += 1
    assert opened(suppliers).secrets.token == "SECRET-2"


def test_a_known_account_asks_nobody(suppliers: Suppliers, met: Faults) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)
    suppliers.of("demo", "main")
    before = len(met.calls)

    suppliers.signature_headers("demo", "main", {})
    suppliers.of("demo", "main")

    assert len(met.calls) == before


def test_a_callback_is_known_by_the_headers_of_its_kind(suppliers: Suppliers) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)

    kept = suppliers.signature_headers("demo", "main", {"x-signature": "s", "cookie": "c"})

    assert kept == {"x-signature": "s"}
    assert suppliers.acknowledgement("demo", "main") == OK


@pytest.mark.parametrize("secrets", [b'{"token": 1}', b"{}", b'{"token": "x", "more": 1}'])
def test_secrets_of_another_shape_are_not_kept(suppliers: Suppliers, secrets: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        suppliers.set("demo", "main", "vendor", secrets)

    assert suppliers.names("demo") == []


def test_a_level_is_asked_of_an_account_that_tells_levels(suppliers: Suppliers) -> None:
    suppliers.set("demo", "main", "vendor", SECRETS)
    suppliers.set("demo", "shelf", "shelf", SECRETS)

    told = suppliers.level("demo", "shelf", f"[5, {NOW_MS - 7}]", NOW_MS)

    assert (told.units, told.as_of_ms) == (5, NOW_MS - 7)
    with pytest.raises(SupplierAnswerInvalid):
        suppliers.level("demo", "shelf", "[]", NOW_MS)
    with pytest.raises(SupplierUnknown, match="tells no levels"):
        suppliers.level("demo", "main", "[5, 0]", NOW_MS)


def test_a_silent_source_of_levels_is_unavailable(
    suppliers: Suppliers, monkeypatch: pytest.MonkeyPatch
) -> None:
    suppliers.set("demo", "shelf", "shelf", SECRETS)
    nowhere = AWSRequest("GET", "http://127.0.0.1:1/").prepare()
    monkeypatch.setattr(Shelf, "level", lambda *_: URLLib3Session().send(nowhere))

    with pytest.raises(SupplierUnavailable):
        suppliers.level("demo", "shelf", "x", NOW_MS)
