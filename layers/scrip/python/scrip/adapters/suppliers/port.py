"""What each supplier's module offers, whatever its protocol.

Sending and asking raise nothing for what a supplier does: whatever comes back has a meaning, and
what has none that is documented is unclear.
"""

from typing import Protocol

from scrip.domain.attempt import Said
from scrip.domain.charge import Charge, Quote
from scrip.domain.money import Money
from scrip.domain.precheck import Refusal
from scrip.domain.supplier_terms import Terms


class Supplier(Protocol):
    """One merchant's account with one supplier."""

    @property
    def terms(self) -> Terms: ...

    def send(self, charge: Charge) -> Said:
        """Have the account charged. Only what surely moved no money is `REFUSED` (a documented
        refusal) or `NOT_SENT` (not a byte of it left)."""
        ...

    def ask(self, charge: Charge) -> Said:
        """What became of it, by its reference. Never `REFUSED`: what the supplier says of the
        question is not about the order."""
        ...

    def balance(self) -> Money:
        """What the merchant has with it. Raises SupplierUnavailable, SupplierAnswerInvalid."""
        ...

    def quote(self, sku: str) -> Quote:
        """Raises SupplierUnavailable, SupplierAnswerInvalid."""
        ...

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> str:
        """The reference of the order that it tells of: no more is believed, we ask. Raises
        SignatureMissing, SignatureInvalid, SignatureExpired, RequestMalformed, RequestInvalid."""
        ...


class Prechecking(Protocol):
    """A supplier that says beforehand whether it can charge an account."""

    @property
    def terms(self) -> Terms: ...

    def check(self, charge: Charge) -> Refusal | None:
        """Why it cannot, None if it can. Only what has to do with the buyer's account or the good
        is a reason. Raises SupplierUnavailable, SupplierAnswerInvalid."""
        ...
