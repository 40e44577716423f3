"""Which module speaks with which supplier, and with which secrets for which merchant's account."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple, Protocol

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.acknowledgement import Acknowledgement
from scrip.adapters.aws import NO_ANSWER
from scrip.adapters.keys import Keys, context_of
from scrip.adapters.merchants import Merchants
from scrip.adapters.sealed_secrets import ForAWhile, seal, unseal
from scrip.adapters.suppliers.port import Prechecking, Supplier
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable, SupplierUnknown
from scrip.domain.supplier_terms import Limits
from scrip.domain.synced_level import SupplierLevel, sensible

KINDS = ("configured", "ding", "dtone", "fulu", "reloadly", "reloadly_cards", "tango")
"""Each is a module beside this one with `SECRETS`, the shape of what a merchant sets for an
account; `SIGNATURE_HEADERS`, which of a callback's its signature needs; `ACKNOWLEDGED`, the answer
it wants to a callback, None for any success; and `SUPPLIER`, made of (secrets, api_base, http). It
is imported when a merchant first needs it."""


class Answer(NamedTuple):
    """Units that a supplier has, and when it had them; 0: it does not tell, so now."""

    units: int
    as_of_ms: int = 0


class StockSource(Protocol):
    """A supplier that tells how many it has. `counts_within_ms`: by then at the latest its levels
    take in a unit that was sold here."""

    @property
    def counts_within_ms(self) -> int: ...

    def level(self, sku: str) -> Answer:
        """Raises SupplierUnavailable, SupplierAnswerInvalid. May let pass what botocore raises of
        requests without an answer, and msgspec of bodies that do not fit."""
        ...


class _Opened(NamedTuple):
    kind: str
    supplier: Any
    """Its terms are within the account's limits."""
    limits: Limits


class Suppliers:
    """`api_bases`: where to call each kind, if not where everybody does, as JSON."""

    def __init__(
        self,
        merchants: Merchants,
        keys: Keys,
        http: URLLib3Session,
        api_bases: str = "{}",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.merchants = merchants
        self.keys = keys
        self.http = http
        self.api_bases = msgspec.json.decode(api_bases, type=dict[str, str])
        self._cache = ForAWhile(self._open, clock)

    def of(self, merchant_id: str, account: str) -> Supplier:
        """Raises SupplierUnknown when the merchant has no such account."""
        supplier: Supplier = self._cache.of(merchant_id, account).supplier
        return supplier

    def prechecking(self, merchant_id: str, account: str) -> Prechecking | None:
        """None where it cannot be asked beforehand. Raises SupplierUnknown."""
        supplier = self._cache.of(merchant_id, account).supplier
        return supplier if hasattr(supplier, "check") else None

    def min_balance_minor(self, merchant_id: str, account: str) -> int | None:
        """As the merchant chose. Raises SupplierUnknown."""
        return self._cache.of(merchant_id, account).limits.min_balance_minor

    def names(self, merchant_id: str) -> list[str]:
        """Of the merchant's accounts."""
        return [each.name for each in self.merchants.suppliers(merchant_id)]

    def level(self, merchant_id: str, account: str, sku: str, asked_at_ms: int) -> SupplierLevel:
        """Raises SupplierUnknown, also of one that tells no levels; SupplierUnavailable,
        SupplierAnswerInvalid."""
        source = self._cache.of(merchant_id, account).supplier
        if not hasattr(source, "level"):
            raise SupplierUnknown(f"{account} tells no levels")
        try:
            units, as_of_ms = source.level(sku)
        except NO_ANSWER as error:
            raise SupplierUnavailable(account) from error
        except msgspec.MsgspecError as error:
            raise SupplierAnswerInvalid("it does not fit") from error
        return sensible(units, as_of_ms or asked_at_ms, asked_at_ms, source.counts_within_ms)

    def signature_headers(
        self, merchant_id: str, account: str, headers: dict[str, str]
    ) -> dict[str, str]:
        """Those of a callback that its signature needs. Raises SupplierUnknown."""
        kind = self._cache.of(merchant_id, account).kind
        wanted: tuple[str, ...] = module_of(kind).SIGNATURE_HEADERS
        return {name: headers[name] for name in wanted if name in headers}

    def acknowledgement(self, merchant_id: str, account: str) -> Acknowledgement | None:
        """What the supplier must be answered; None where any success will do. Raises
        SupplierUnknown."""
        kind = self._cache.of(merchant_id, account).kind
        found: Acknowledgement | None = module_of(kind).ACKNOWLEDGED
        return found

    def set(self, merchant_id: str, account: str, kind: str, secrets: bytes) -> None:
        """Seal and keep an account's secrets (JSON), in place of those before. Raises
        SupplierUnknown, RequestInvalid, msgspec.ValidationError."""
        new = msgspec.json.decode(secrets, type=module_of(kind).SECRETS)
        sealed = seal(self.keys, new, account_context(merchant_id, account))
        self.merchants.put_supplier(merchant_id, account, kind, sealed)

    def limit(self, merchant_id: str, account: str, limits: Limits) -> None:
        """In place of those before. Raises SupplierUnknown."""
        self.merchants.limit_supplier(merchant_id, account, limits)

    def _open(self, merchant_id: str, account: str) -> _Opened:
        kept = self.merchants.supplier(merchant_id, account)
        module = module_of(kept.kind)
        context = account_context(merchant_id, account)
        secrets = unseal(self.keys, kept.sealed, context, module.SECRETS)
        supplier = module.SUPPLIER(secrets, self.api_bases.get(kept.kind, ""), self.http)
        supplier.terms = kept.limits.over(supplier.terms)
        return _Opened(kept.kind, supplier, kept.limits)


def module_of(kind: str) -> Any:
    """Raises SupplierUnknown."""
    if kind not in KINDS:
        raise SupplierUnknown(kind)
    return import_module(f"scrip.adapters.suppliers.{kind}")


def account_context(merchant_id: str, account: str) -> dict[str, str]:
    return context_of("supplier", merchant_id, account=account)
