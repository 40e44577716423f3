"""Which module asks which supplier, and what all of them have in common."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.aws import NO_ANSWER
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable, SupplierUnknown
from scrip.domain.synced_level import SupplierLevel, sensible


class Answer(NamedTuple):
    """Units that a supplier has, and when it had them; 0: it does not tell, so now."""

    units: int
    as_of_ms: int = 0


class StockSource(Protocol):
    """One merchant's account at a supplier. `counts_within_ms`: by then at the latest its levels
    take in a unit that was sold here."""

    @property
    def counts_within_ms(self) -> int: ...

    def level(self, sku: str) -> Answer:
        """Raises SupplierUnavailable, SupplierAnswerInvalid. May let pass what botocore raises of
        requests without an answer, and msgspec of bodies that do not fit."""
        ...


SUPPLIERS: dict[str, Callable[[URLLib3Session], StockSource]] = {}
"""By the name that variants use. None yet: what a merchant's account opens with comes with the
first."""


class Suppliers:
    def __init__(self, http: URLLib3Session) -> None:
        self.http = http

    def level(self, merchant_id: str, supplier: str, sku: str, asked_at_ms: int) -> SupplierLevel:
        """Raises SupplierUnknown, SupplierUnavailable, SupplierAnswerInvalid."""
        source = self._of(merchant_id, supplier)
        try:
            units, as_of_ms = source.level(sku)
        except NO_ANSWER as error:
            raise SupplierUnavailable(supplier) from error
        except msgspec.MsgspecError as error:
            raise SupplierAnswerInvalid("it does not fit") from error
        return sensible(units, as_of_ms or asked_at_ms, asked_at_ms, source.counts_within_ms)

    def _of(self, _merchant_id: str, supplier: str) -> StockSource:
        if supplier not in SUPPLIERS:
            raise SupplierUnknown(supplier)
        return SUPPLIERS[supplier](self.http)
