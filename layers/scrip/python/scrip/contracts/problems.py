"""Problem details (RFC 9457): each stable `type`, its status, its title and its outcome class."""

from enum import Enum
from typing import NamedTuple

import msgspec

from scrip.domain import errors, resale_refusals
from scrip.domain.errors import ScripError

TYPE_PREFIX = "urn:scrip:problem:"


class Outcome(Enum):
    """Whether to send again. `unknown`: it may or may not have happened; ask before repeating."""

    RETRYABLE = "retryable"
    TERMINAL = "terminal"
    UNKNOWN = "unknown"


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every answer that is not a success (`application/problem+json`)."""

    type: str
    title: str
    status: int
    outcome: Outcome
    detail: str = ""
    rows: list["ProblemRow"] = []

    @property
    def slug(self) -> str:
        """The stable end of `type`."""
        return self.type.removeprefix(TYPE_PREFIX)


class ProblemRow(msgspec.Struct):
    """A refused row of an import, counted from 1."""

    row: int
    reason: str


class Kind(NamedTuple):
    status: int
    title: str
    outcome: Outcome = Outcome.TERMINAL


KINDS: dict[type[ScripError], Kind] = {
    errors.RequestMalformed: Kind(400, "The request is not well-formed"),
    errors.RequestInvalid: Kind(422, "The request does not fit its contract"),
    errors.RequestTooLarge: Kind(413, "The request is too large"),
    errors.MediaTypeUnsupported: Kind(415, "The content type is not supported here"),
    errors.RouteUnknown: Kind(404, "There is nothing here"),
    errors.CredentialsMissing: Kind(401, "A bearer credential is needed"),
    errors.CredentialsInvalid: Kind(401, "The credential is not valid"),
    errors.ScopeMissing: Kind(403, "The key's scope does not allow this"),
    errors.OrderTokenExpired: Kind(403, "The order token is out of date"),
    errors.IdempotencyKeyMissing: Kind(400, "An Idempotency-Key is needed"),
    errors.IdempotencyKeyReused: Kind(422, "The Idempotency-Key was used with another body"),
    errors.MerchantUnknown: Kind(404, "No such merchant"),
    errors.MerchantExists: Kind(409, "The merchant exists already"),
    errors.GatewayUnknown: Kind(404, "The merchant has no such payment gateway"),
    errors.LimitReached: Kind(409, "The merchant has as many as it may have"),
    errors.KeyUnknown: Kind(404, "No such API key"),
    errors.ProductFixed: Kind(409, "The product's kind and how its keys are made do not change"),
    errors.PatternWeak: Kind(422, "Keys of this pattern can be guessed"),
    errors.KeyMistyped: Kind(422, "The key is mistyped"),
    errors.GeneratedKeyUnknown: Kind(404, "No such key"),
    errors.GeneratedKeySuspended: Kind(409, "The key is suspended"),
    errors.GeneratedKeyExpired: Kind(409, "The key has expired"),
    errors.ActivationLimitReached: Kind(409, "As many devices use the key as may"),
    errors.TooManyRequests: Kind(429, "Too many requests", Outcome.RETRYABLE),
    errors.ProductUnknown: Kind(404, "No such product"),
    errors.VariantUnknown: Kind(404, "No such variant"),
    errors.VariantOfAnotherProduct: Kind(409, "The variant belongs to another product"),
    errors.SupplierUnknown: Kind(422, "No such supplier"),
    errors.SupplyMismatch: Kind(409, "The variant is supplied in another way"),
    errors.VariantNotForSale: Kind(422, "The variant is not for sale"),
    errors.VariantHalted: Kind(409, "No supplier can deliver the variant for now"),
    errors.CurrencyMixed: Kind(422, "One order has one currency"),
    errors.FormMisfilled: Kind(422, "What was filled in does not fit the form"),
    errors.SoldOut: Kind(409, "Sold out"),
    errors.CodesRefused: Kind(422, "No code was imported: some rows cannot be taken"),
    errors.ImportUnknown: Kind(404, "No such import"),
    errors.OrderUnknown: Kind(404, "No such order"),
    errors.OrderNotReadable: Kind(409, "The order has no codes to show"),
    errors.StrayUnknown: Kind(404, "No such payment stands beside the order"),
    errors.StrayDecided: Kind(409, "That may not be decided of this payment"),
    errors.TopUpNotWaiting: Kind(409, "The top-up does not wait for a person"),
    errors.OrderFrozen: Kind(409, "The order is frozen"),
    errors.CodesShredded: Kind(410, "The codes were destroyed"),
    errors.BatchUnknown: Kind(404, "No such batch"),
    errors.BatchOnSale: Kind(409, "Codes of the batch are on sale"),
    errors.BatchRecalled: Kind(409, "The batch was recalled"),
    errors.ExportUnknown: Kind(404, "No such export"),
    errors.ExportNotOpen: Kind(409, "The export is not open for this"),
    errors.ExportKeyRefused: Kind(403, "The export takes another person's key"),
    errors.CodesRevealed: Kind(409, "The codes may have been seen"),
    errors.CodeReplaced: Kind(409, "A code of this line was replaced already"),
    errors.ReplacementClosed: Kind(409, "The time for replacements is over"),
    errors.UnitUnknown: Kind(404, "The order has no such code"),
    errors.SealBroken: Kind(500, "A sealed code does not open", Outcome.TERMINAL),
    errors.SignatureMissing: Kind(400, "The callback is not signed"),
    errors.SignatureInvalid: Kind(400, "The callback's signature is not valid"),
    errors.SignatureProbe: Kind(400, "The callback's signature is wrong on purpose"),
    errors.SignatureExpired: Kind(400, "The callback's signature is out of date"),
    errors.PaymentMerchantMismatch: Kind(422, "The payment belongs to another merchant"),
    errors.PaymentModeMismatch: Kind(422, "Live and test payments do not mix"),
    errors.PaymentProviderRefused: Kind(502, "The payment provider refused the request"),
    errors.PaymentProviderUnavailable: Kind(
        503, "The payment provider did not answer", Outcome.RETRYABLE
    ),
    errors.EventUnknown: Kind(404, "No such event is on record"),
    resale_refusals.ResellerUnknown: Kind(404, "The shop has no such reseller"),
    resale_refusals.ResellerExists: Kind(409, "The shop has a reseller of that name"),
    resale_refusals.ResellerPaused: Kind(403, "The shop takes no orders of this reseller"),
    resale_refusals.RequestUnsigned: Kind(401, "The request is not rightly signed"),
    resale_refusals.RequestStale: Kind(401, "The request was signed at another time"),
    resale_refusals.BalanceInsufficient: Kind(402, "The balance does not suffice"),
    resale_refusals.TooLateToCancel: Kind(409, "Nothing of the order can be called off"),
    resale_refusals.ReferenceReused: Kind(409, "The reference was used for another order"),
    errors.StoreUnavailable: Kind(503, "Busy, send again", Outcome.RETRYABLE),
    errors.MoveContended: Kind(503, "Busy with the same order, send again", Outcome.RETRYABLE),
}

INTERNAL = Problem(
    type=TYPE_PREFIX + "internal-error",
    title="Something is broken on our side",
    status=500,
    outcome=Outcome.UNKNOWN,
)


def problem_of(error: ScripError) -> Problem:
    """The problem that tells `error` to a caller."""
    kind = KINDS[type(error)]
    rows = error.rows if isinstance(error, errors.CodesRefused) else ()
    return Problem(
        type=TYPE_PREFIX + error.slug,
        title=kind.title,
        status=kind.status,
        outcome=kind.outcome,
        detail=error.detail,
        rows=[ProblemRow(row.row, row.reason) for row in rows],
    )
