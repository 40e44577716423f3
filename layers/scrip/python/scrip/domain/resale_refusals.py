"""The facts that stop a reseller's request. See `domain/errors.py` for the two families."""

from scrip.domain.failure import Rejected


class ResellerUnknown(Rejected):
    slug = "reseller-unknown"


class ResellerExists(Rejected):
    slug = "reseller-exists"


class ResellerPaused(Rejected):
    """Its shop lets it place no orders for now."""

    slug = "reseller-paused"


class RequestUnsigned(Rejected):
    """Not signed, wrongly, or by nobody whom the shop knows: from outside these look the same."""

    slug = "request-unsigned"


class RequestStale(Rejected):
    """Rightly signed, and of another time."""

    slug = "request-stale"


class BalanceInsufficient(Rejected):
    """Nothing was taken, and no order is left behind."""

    slug = "balance-insufficient"


class ReferenceReused(Rejected):
    """Another order was placed under the same reference."""

    slug = "reference-reused"


class TooLateToCancel(Rejected):
    """All of it was sent, or is there."""

    slug = "too-late-to-cancel"
