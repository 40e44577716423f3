"""What differs between suppliers, as data: how their answers read,
what sending a reference again does, how long it can be asked about, how fast they may be called."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from scrip.domain.goods import Kind

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

UNSENT_FOR_MS = 6 * HOUR_MS


class Meaning(Enum):
    """What an answer means, whether to an order or to a question about one."""

    TAKEN = "taken"
    """The supplier has the order. It may still fail."""
    DONE = "done"
    """The account is charged."""
    FAILED = "failed"
    """It will never be charged, and we are not debited."""
    REFUSED = "refused"
    """Nothing was taken: a documented refusal."""
    NOT_SENT = "not_sent"
    """Not a byte of it left, or it was turned away for coming too fast: it may be sent again as if
    for the first time."""
    NOT_FOUND = "not_found"
    """It does not know the reference. It may, in a while."""
    REVERSED = "reversed"
    """It was charged, and taken back."""
    IMPOSSIBLE = "impossible"
    """It cannot be true, and a person must look."""
    UNCLEAR = "unclear"
    """Anything else: no answer, an unlisted code, a wrong signature, a duplicate."""


class Resend(Enum):
    """What happens when an order is sent again under the same reference."""

    REPLAYS = "replays"
    """The first one is answered again, whatever became of it."""
    REFUSES = "refuses"
    """An error says that it exists."""
    NEW_AFTER_FAILURE = "new_after_failure"
    """One that failed is begun anew; else an error says that it exists."""
    NEW = "new"
    """Another one is begun: the reference only serves to ask by."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One supplier's. Times in milliseconds.

    `meanings`: of its codes; a code that is not here is unclear, so only documented ones decide.
    `quarantine_ms`: so long after it was sent an order may be unknown to the supplier and still be
    charged; `not_found_times`: answers in a row that are believed afterwards. `asked_for_ms`: how
    long after it was sent it can be asked about. `patience_ms`: so long after it was sent a person
    must look. `unsent_ms`: so long an order may wait to be sent at all. `waits_ms`: until the
    first, second, ... question; the last one goes on. `reversible`: whether what is done may be
    taken back. `per_second`: calls it takes, of all of our functions together; `at_once`: calls
    that may be on their way to it at a time, 0: any number. `kinds`: of goods that it delivers.
    """

    supplier: str
    meanings: Mapping[str, Meaning]
    resend: Resend
    quarantine_ms: int = 10 * MINUTE_MS
    not_found_times: int = 3
    asked_for_ms: int = 30 * DAY_MS
    patience_ms: int = DAY_MS
    unsent_ms: int = UNSENT_FOR_MS
    waits_ms: tuple[int, ...] = (5_000, 10_000, 30_000, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS)
    reversible: bool = False
    per_second: float = 10
    at_once: int = 0
    kinds: tuple[Kind, ...] = (Kind.TOP_UP,)

    def meaning(self, code: str) -> Meaning:
        return self.meanings.get(code, Meaning.UNCLEAR)

    def wait_ms(self, asked: int) -> int:
        """Until the next question, after so many."""
        return self.waits_ms[min(asked, len(self.waits_ms) - 1)]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a merchant chose for an account; None: as its supplier's terms say.
    `min_balance_minor`: below it nothing more is sold that only this account can deliver; None: for
    as long as it holds some units' worth."""

    per_minute: int | None = None
    at_once: int | None = None
    patience_minutes: int | None = None
    unsent_minutes: int | None = None
    min_balance_minor: int | None = None

    def over(self, terms: Terms) -> Terms:
        chosen: dict[str, Any] = {
            "per_second": self.per_minute and self.per_minute / 60,
            "at_once": self.at_once,
            "patience_ms": self.patience_minutes and self.patience_minutes * MINUTE_MS,
            "unsent_ms": self.unsent_minutes and self.unsent_minutes * MINUTE_MS,
        }
        return replace(terms, **{name: each for name, each in chosen.items() if each is not None})


@dataclass(frozen=True, slots=True)
class Account:
    """A merchant's with a supplier. `name`: the merchant's own for it; `kind`: the module that
    speaks with that supplier; `sealed`: its secrets."""

    name: str
    kind: str
    sealed: bytes = field(repr=False)
    limits: Limits = Limits()
