"""What each payment provider's module offers, whatever its protocol."""

from collections.abc import Iterator
from typing import Protocol

from scrip.domain.bill import BillLine
from scrip.domain.notice import Notice
from scrip.domain.payment import OpenedPayment, Payment, PaymentAsked, PaymentRequest, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest


class Renewing(Protocol):
    """A gateway whose provider changes by itself what its answers are verified with."""

    @property
    def ends_at_ms(self) -> int | None:
        """When nothing can be verified any more. None: never."""
        ...

    def renewed(self, now_seconds: float) -> object:
        """The secrets with what the provider signs with from now on, without what has ended."""
        ...


class Gateway(Protocol):
    """One merchant's account with one provider.

    Every call to the provider may raise PaymentProviderUnavailable (nothing is known; ask again) or
    PaymentProviderRefused (it understood and said no; PaymentCallMissing, one of these: it has no
    such call), and is safe to repeat.
    """

    @property
    def provider(self) -> str: ...

    def open_payment(self, request: PaymentRequest) -> OpenedPayment:
        """Repeating it with the same figures answers the same payment, under the same reference.
        Raises IdempotencyKeyReused when it was opened with other figures."""
        ...

    def read_payment(self, request: PaymentRequest, reference: str) -> OpenedPayment:
        """A payment opened before, as its buyer needs it."""
        ...

    def verify_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> object:
        """Whether the provider sent these bytes; `headers` are those of `SIGNATURE_HEADERS`.

        Raises SignatureMissing, SignatureInvalid, SignatureExpired; RequestMalformed for what has
        no place for a signature; PaymentProviderUnavailable if the provider must be asked for it.
        """
        ...

    def read_callback(self, raw: bytes, headers: dict[str, str], now_seconds: int) -> Notice:
        """Verify the raw bytes, then parse them. Raises what `verify_callback` does, and
        RequestMalformed, RequestInvalid, PaymentModeMismatch, PaymentMerchantMismatch."""
        ...

    def query_payment(self, asked: PaymentAsked) -> Payment | Unpaid: ...

    def close_payment(self, asked: PaymentAsked) -> Payment | Unpaid:
        """See to it that no money can come any more. A payment if some came before; `Unpaid` that
        is not closed where the provider cannot close it now (ask again)."""
        ...

    def refund(self, request: RefundRequest) -> RefundReport: ...

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        """None when the provider does not know the refund: it was never sent."""
        ...

    def download_bill(self, day: str) -> Iterator[BillLine]:
        """`day`: as 2026-11-22, in the provider's own time. Raises BillNotReady."""
        ...
