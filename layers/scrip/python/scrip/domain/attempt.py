"""One attempt to have a supplier charge a buyer's account: never twice, never lost.

    created <-> sending -> taken, unknown -> done -> reversed
                                         |-> failed
                                         `-> manual    a person must look

An attempt is written down with its reference before anything is sent, and is `sending` before the
first byte leaves. From then on only the supplier's own words end it: what is no documented end is
`unknown`, and is asked about under the same reference. Another attempt is made only once this one
has failed for certain. What is done stays done; what is taken back later is `reversed`.
"""

from dataclasses import dataclass, field, replace
from enum import Enum

from scrip.domain.code import Code
from scrip.domain.supplier_terms import Meaning, Resend, Terms


class AttemptState(Enum):
    CREATED = "created"
    SENDING = "sending"
    TAKEN = "taken"
    UNKNOWN = "unknown"
    DONE = "done"
    FAILED = "failed"
    MANUAL = "manual"
    REVERSED = "reversed"

    @property
    def open(self) -> bool:
        """Whether the supplier may still charge, as far as we know."""
        return self in OPEN


OPEN = (
    AttemptState.SENDING,
    AttemptState.TAKEN,
    AttemptState.UNKNOWN,
)


NEVER_SENT, DECIDED = "never sent", "a person decided"
"""Reasons of ours. What failed for one of these is tried nowhere else."""

CONTRADICTED = "contradicted"


class Verdict(Enum):
    """What a person says of an attempt that nobody knows the end of."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ASK_AGAIN = "ask_again"


AFTER = {
    Verdict.SUCCEEDED: AttemptState.DONE,
    Verdict.FAILED: AttemptState.FAILED,
    Verdict.ASK_AGAIN: AttemptState.UNKNOWN,
}


class Step(Enum):
    """What is to be done with an attempt next."""

    SEND = "send"
    ASK = "ask"
    WAIT = "wait"
    HUMAN = "human"
    """A person must look, and says what became of it."""
    GIVE_UP = "give_up"
    """It was never sent, and its buyer waited long enough."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Said:
    """What a supplier said, in our words. `code`: its own. `ref`: its id of the order. `receipt`:
    what the buyer may be shown of it. `trouble`: it could not be reached, is in a hurry, or made no
    sense, so that calling it again at once is of no use. `secret`: the code that was bought of it,
    which is in memory only and in no repr."""

    meaning: Meaning
    code: str = ""
    ref: str = ""
    receipt: str = ""
    trouble: bool = False
    secret: Code | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """`reference`: under which the supplier knows it, made before it is sent and never changed.
    `since_ms`: patience counts from then; when it was made, or a person had it asked about again.
    `sends`: how often it may have left; 0: nobody knows it. `asked`: how often it was asked about;
    `missing`: how often in a row it was not found. `code`: the last that its supplier said.
    `reason`: the code that ended it, or why a person must look."""

    reference: str
    supplier: str
    since_ms: int
    state: AttemptState = AttemptState.CREATED
    sends: int = 0
    sent_at_ms: int = 0
    asked: int = 0
    asked_at_ms: int = 0
    missing: int = 0
    ref: str = ""
    receipt: str = ""
    code: str = ""
    reason: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more is to be done for it."""
        return not self.state.open and self.state is not AttemptState.CREATED

    @property
    def may_go_elsewhere(self) -> bool:
        """Whether it failed for certain at this supplier, which says nothing of others."""
        return self.state is AttemptState.FAILED and self.reason not in (NEVER_SENT, DECIDED)

    def next_step(self, now_ms: int, terms: Terms) -> Step:
        if self.state is AttemptState.CREATED:
            late = now_ms >= self.since_ms + terms.unsent_ms
            return Step.GIVE_UP if late else Step.SEND
        if not self.state.open:
            return Step.NOTHING
        if now_ms >= self.since_ms + min(terms.patience_ms, terms.asked_for_ms):
            return Step.HUMAN
        if now_ms < self.due_ms(terms):
            return Step.WAIT
        return Step.SEND if self._may_send_again(terms) else Step.ASK

    def due_ms(self, terms: Terms) -> int:
        """When it is to be asked about."""
        return max(self.sent_at_ms, self.asked_at_ms) + terms.wait_ms(self.asked)

    def sending(self, now_ms: int, terms: Terms) -> "Attempt":
        """To be written down before the first byte leaves."""
        if self.state is not AttemptState.CREATED and not self._may_send_again(terms):
            raise ValueError(f"{self.reference} was sent before")
        return replace(
            self, state=AttemptState.SENDING, sends=self.sends + 1, sent_at_ms=now_ms, missing=0
        )

    def answered(self, said: Said) -> "Attempt":
        """What the supplier said when it was sent, however late, and whoever asked meanwhile. Of
        one that was sent before, what became of this sending says nothing about the first."""
        if not self.state.open:
            return self
        alone = self.sends == 1 and self.state is not AttemptState.TAKEN
        if said.meaning is Meaning.NOT_SENT and alone:
            return replace(self, state=AttemptState.CREATED, sends=0, asked=0, missing=0)
        return self._heard(said, refusal_ends=alone)

    def told(self, said: Said, now_ms: int, terms: Terms) -> "Attempt":
        """What the supplier said when it was asked. Also of one that is over it is kept when: who
        has us ask may be anybody."""
        if not self.state.open:
            return replace(self._corrected(said), asked_at_ms=now_ms)
        asked = replace(self, asked=self.asked + 1, asked_at_ms=now_ms)
        if said.meaning is not Meaning.NOT_FOUND:
            about = Said(Meaning.UNCLEAR, said.code) if self._fails_another(said) else said
            return replace(asked._heard(about, refusal_ends=False), missing=0)
        missing = replace(asked, missing=self.missing + 1, code=said.code or self.code)
        return missing._failed("not_found") if missing._never_came(now_ms, terms) else missing

    def given_up(self) -> "Attempt":
        """It was never sent, and will not be."""
        return self._failed(NEVER_SENT) if self.state is AttemptState.CREATED else self

    def handed_over(self, reason: str) -> "Attempt":
        """To a person."""
        return replace(self, state=AttemptState.MANUAL, reason=reason) if self.state.open else self

    def decided(self, verdict: Verdict, now_ms: int) -> "Attempt":
        """A person said what became of it, or has it asked about for as long again."""
        if not self.may_be_decided(verdict):
            return self
        since_ms = now_ms if verdict is Verdict.ASK_AGAIN else self.since_ms
        return replace(self, state=AFTER[verdict], reason=DECIDED, missing=0, since_ms=since_ms)

    def may_be_decided(self, verdict: Verdict) -> bool:
        """What was taken back cannot be asked about again, nor what its supplier contradicts."""
        if self.state is AttemptState.REVERSED or self.contradicted:
            return verdict is not Verdict.ASK_AGAIN
        return self.state is AttemptState.MANUAL

    def contradicted_by(self, reference: str) -> "Attempt":
        """An earlier attempt, which had failed for certain, is done: for a person, whatever became
        of this one."""
        return replace(self, state=AttemptState.MANUAL, reason=f"{CONTRADICTED}: {reference}")

    @property
    def contradicted(self) -> bool:
        """Its supplier said that it failed, then that it is done: it is not believed again. Or the
        supplier of an earlier attempt did."""
        return self.state is AttemptState.MANUAL and self.reason.startswith(CONTRADICTED)

    def is_decided(self, verdict: Verdict) -> bool:
        """Whether a person said just that, and nothing came of it since."""
        open_again = verdict is Verdict.ASK_AGAIN and self.state.open
        return self.reason == DECIDED and (open_again or self.state is AFTER[verdict])

    def _heard(self, said: Said, *, refusal_ends: bool) -> "Attempt":
        known = replace(
            self,
            ref=said.ref or self.ref,
            receipt=said.receipt or self.receipt,
            code=said.code or self.code,
        )
        match said.meaning:
            case Meaning.TAKEN:
                return replace(known, state=AttemptState.TAKEN)
            case Meaning.DONE:
                return replace(known, state=AttemptState.DONE, reason=said.code)
            case Meaning.FAILED | Meaning.REVERSED:
                return known._failed(said.code)
            case Meaning.REFUSED if refusal_ends:
                return known._failed(said.code)
            case Meaning.IMPOSSIBLE:
                return known.handed_over(said.code)
        stays = AttemptState.TAKEN if self.state is AttemptState.TAKEN else AttemptState.UNKNOWN
        return replace(known, state=stays)

    def _corrected(self, said: Said) -> "Attempt":
        """What a supplier says once all seemed over. A failure that turns out to be none is for a
        person: the buyer may have the money back already."""
        match (self.state, said.meaning):
            case (AttemptState.DONE, Meaning.REVERSED):
                return replace(self, state=AttemptState.REVERSED, reason=said.code)
            case (AttemptState.FAILED, Meaning.DONE):
                return replace(
                    self, state=AttemptState.MANUAL, reason=f"{CONTRADICTED}: {said.code}"
                )
            case (AttemptState.MANUAL, Meaning.DONE | Meaning.FAILED) if not self.contradicted:
                return self._heard(said, refusal_ends=False)
        return self

    def _fails_another(self, said: Said) -> bool:
        """Whether what failed is another order of the supplier's than the one it told us of: where
        a request arrives twice, one that fails at once is begun anew under the same reference."""
        failed = said.meaning in (Meaning.FAILED, Meaning.REVERSED)
        return failed and bool(self.ref) and bool(said.ref) and said.ref != self.ref

    def _failed(self, reason: str) -> "Attempt":
        return replace(self, state=AttemptState.FAILED, reason=reason)

    def _never_came(self, now_ms: int, terms: Terms) -> bool:
        """What a supplier once took is never believed to be missing."""
        return (
            self.state is not AttemptState.TAKEN
            and self.missing >= terms.not_found_times
            and now_ms >= self.sent_at_ms + terms.quarantine_ms
        )

    def _may_send_again(self, terms: Terms) -> bool:
        """It is not known to have arrived, and where it did it is only answered again."""
        return (
            terms.resend is Resend.REPLAYS
            and self.missing > 0
            and self.state is not AttemptState.TAKEN
        )
