"""What is known beforehand of a top-up that somebody may order."""

from enum import Enum
from typing import NamedTuple


class Result(Enum):
    OK = "ok"
    """Its supplier would take it now."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Nobody could tell: ordering it is no worse for that."""


class Refusal(Enum):
    """Why a supplier would refuse it, whoever orders it."""

    ACCOUNT = "account"
    """There is no such account, or it cannot be charged with this."""
    GOOD = "good"
    """It does not sell this now."""


class Checked(NamedTuple):
    """`reason`: of what is refused."""

    result: Result
    reason: Refusal | None = None


UNKNOWN = Checked(Result.UNKNOWN)
