"""The facts that stop a reseller's request. See `domain/errors.py` for the two families."""

from scrip.domain.failure import Rejected


class ResellerUnknown(Rejected):
    slug = "reseller-unknown"


class ResellerExists(Rejected):
    slug = "reseller-exists"


class BalanceInsufficient(Rejected):
    """Nothing was taken, and no order is left behind."""

    slug = "balance-insufficient"
