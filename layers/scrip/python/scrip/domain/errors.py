"""The facts that stop a request. Two families; anything else raised is a bug.

`Rejected`: sending the same again changes nothing (an HTTP 4xx, an acknowledged message).
`Retryable`: nothing was decided, send again (an HTTP 5xx, a batch item failure).

`slug` is the stable end of the problem `type`; `contracts/problems.py` gives each its status.
"""

from collections.abc import Sequence

from scrip.domain.callback_failure import SignatureExpired as SignatureExpired
from scrip.domain.callback_failure import SignatureInvalid as SignatureInvalid
from scrip.domain.callback_failure import SignatureMissing as SignatureMissing
from scrip.domain.callback_failure import SignatureProbe as SignatureProbe
from scrip.domain.failure import RefusedRow as RefusedRow
from scrip.domain.failure import Rejected as Rejected
from scrip.domain.failure import Retryable as Retryable
from scrip.domain.failure import ScripError as ScripError


class CredentialsMissing(Rejected):
    slug = "credentials-missing"


class CredentialsInvalid(Rejected):
    slug = "credentials-invalid"


class ScopeMissing(Rejected):
    slug = "scope-missing"


class OrderTokenExpired(Rejected):
    slug = "order-token-expired"


class RequestMalformed(Rejected):
    slug = "request-malformed"


class RequestInvalid(Rejected):
    slug = "request-invalid"


class RequestTooLarge(Rejected):
    slug = "request-too-large"


class MediaTypeUnsupported(Rejected):
    slug = "media-type-unsupported"


class RouteUnknown(Rejected):
    slug = "route-unknown"


class IdempotencyKeyMissing(Rejected):
    slug = "idempotency-key-missing"


class IdempotencyKeyReused(Rejected):
    slug = "idempotency-key-reused"


class MerchantUnknown(Rejected):
    slug = "merchant-unknown"


class MerchantExists(Rejected):
    slug = "merchant-exists"


class GatewayUnknown(Rejected):
    """The merchant has no secret for this provider: its endpoint does not exist."""

    slug = "gateway-unknown"


class LimitReached(Rejected):
    """The merchant has as many of these as one may have."""

    slug = "limit-reached"


class KeyUnknown(Rejected):
    slug = "key-unknown"


class ProductUnknown(Rejected):
    slug = "product-unknown"


class ProductFixed(Rejected):
    """A product's kind and how its keys are made stay: what was sold could not be read again."""

    slug = "product-fixed"


class PatternWeak(Rejected):
    """Keys of this pattern can be guessed, and the merchant has not insisted."""

    slug = "pattern-weak"


class VariantUnknown(Rejected):
    slug = "variant-unknown"


class VariantOfAnotherProduct(Rejected):
    slug = "variant-of-another-product"


class SupplierUnknown(Rejected):
    """No supplier of that name is known here."""

    slug = "supplier-unknown"


class SupplierAnswerInvalid(Rejected):
    """A supplier said what makes no sense. Says what of it, never who was asked with what."""

    slug = "supplier-answer-invalid"


class SupplyMismatch(Rejected):
    """Codes for a variant that sells none, or units for one that has no number."""

    slug = "supply-mismatch"


class VariantNotForSale(Rejected):
    slug = "variant-not-for-sale"


class VariantHalted(Rejected):
    """None of its suppliers can deliver it for now."""

    slug = "variant-halted"


class CurrencyMixed(Rejected):
    slug = "currency-mixed"


class FormMisfilled(Rejected):
    """What the buyer filled in does not fit. Says which field and why, never what stands in it."""

    slug = "form-misfilled"


class SoldOut(Rejected):
    slug = "sold-out"


class CodesRefused(Rejected):
    """Rows of an import that cannot be taken. Says which rows, never what stands in them."""

    slug = "codes-refused"

    def __init__(self, detail: str, rows: Sequence[RefusedRow]) -> None:
        super().__init__(detail)
        self.rows = rows


class FileRefused(Rejected):
    """A file of codes that cannot be taken as a whole. Says why, never what stands in it."""

    slug = "file-refused"


class FileReplaced(Rejected):
    """An uploaded file is not the one that its import began with."""

    slug = "file-replaced"


class ImportUnknown(Rejected):
    slug = "import-unknown"


class OrderUnknown(Rejected):
    slug = "order-unknown"


class OrderNotReadable(Rejected):
    """The order has no codes to show (yet)."""

    slug = "order-not-readable"


class StrayUnknown(Rejected):
    """No such money stands beside the order."""

    slug = "stray-payment-unknown"


class StrayDecided(Rejected):
    """What becomes of this money is decided, or its case does not allow it."""

    slug = "stray-payment-decided"


class TopUpNotWaiting(Rejected):
    """What became of it is known, or is being asked about: no person is to decide of it."""

    slug = "top-up-not-waiting"


class OrderFrozen(Rejected):
    """Its payment is disputed, or its shop stopped it: nothing of it is shown or moved."""

    slug = "order-frozen"


class CodesShredded(Rejected):
    """The codes were destroyed on the merchant's order. Nobody can show them any more."""

    slug = "codes-shredded"


class BatchUnknown(Rejected):
    slug = "batch-unknown"


class BatchOnSale(Rejected):
    """Codes of the batch may still be sold: destroying it would sell nothing for money."""

    slug = "batch-on-sale"


class BatchRecalled(Rejected):
    """Nothing of the batch is sold any more."""

    slug = "batch-recalled"


class ExportUnknown(Rejected):
    slug = "export-unknown"


class ExportNotOpen(Rejected):
    """The export is not (or no longer) at the point where this can be done."""

    slug = "export-not-open"


class ExportKeyRefused(Rejected):
    """It takes another person: another key, and one that was not issued by a key."""

    slug = "export-key-refused"


class CodesRevealed(Rejected):
    """The codes were shown to somebody, or may have been: nobody else may get them."""

    slug = "codes-revealed"


class CodeReplaced(Rejected):
    """A code of this line was replaced: that happens once."""

    slug = "code-replaced"


class ReplacementClosed(Rejected):
    """The time in which the shop replaces codes is over."""

    slug = "replacement-closed"


class UnitUnknown(Rejected):
    """The order has no such line, or the line no such code."""

    slug = "unit-unknown"


class SealBroken(Rejected):
    """A sealed code does not open under its own name: tampered, swapped or of another merchant."""

    slug = "seal-broken"


class KeyMistyped(Rejected):
    """No key of this product looks so; nothing was looked up."""

    slug = "key-mistyped"


class GeneratedKeyUnknown(Rejected):
    """It looks like a key and is none, or is of another product."""

    slug = "generated-key-unknown"


class GeneratedKeySuspended(Rejected):
    """The order it was sold with is frozen: its payment is in question."""

    slug = "generated-key-suspended"


class GeneratedKeyExpired(Rejected):
    slug = "generated-key-expired"


class ActivationLimitReached(Rejected):
    """As many devices use the key as may."""

    slug = "activation-limit-reached"


class PaymentMerchantMismatch(Rejected):
    slug = "payment-merchant-mismatch"


class PaymentModeMismatch(Rejected):
    """A test payment on a live gateway, or the other way round."""

    slug = "payment-mode-mismatch"


class PaymentProviderRefused(Rejected):
    """The provider understood and said no, for example because its key was revoked."""

    slug = "payment-provider-refused"


class PaymentCallMissing(PaymentProviderRefused):
    slug = "payment-call-missing"


class PaymentProviderUnavailable(Retryable):
    slug = "payment-provider-unavailable"


class BillNotReady(Retryable):
    """The provider has not made up this day's statement yet."""

    slug = "bill-not-ready"


class SupplierUnavailable(Retryable):
    """A supplier did not answer."""

    slug = "supplier-unavailable"


class MailRefused(Rejected):
    """The mail provider will never take this mail, for example because the address bounces."""

    slug = "mail-refused"


class EventUnknown(Rejected):
    """No such event is on record; they are kept for a while."""

    slug = "event-unknown"


class MailNotAllowed(Retryable):
    """The mail provider takes nothing from our sender, whoever the buyer is: for an operator."""

    slug = "mail-not-allowed"


class MailUnderWay(Retryable):
    """Another invocation is sending the same mail, or died doing so: look again later."""

    slug = "mail-under-way"


class StoreUnavailable(Retryable):
    """A table, key or queue throttled, conflicted or did not answer."""

    slug = "store-unavailable"


class MoveContended(Retryable):
    """Another invocation moved the same order again and again while this one tried."""

    slug = "move-contended"


class TooManyRequests(Retryable):
    """Somebody asked too often; nothing was looked at."""

    slug = "too-many-requests"

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds
