"""One attempt at a supplier: what each answer does to it, and that it ends as the supplier's book
says, whatever is lost on the way."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from scrip.domain.attempt import Attempt, AttemptState, Said, Step, Verdict
from scrip.domain.supplier_terms import DAY_MS, MINUTE_MS, Meaning, Resend, Terms

NOW_MS = 1_790_000_000_000
TERMS = Terms("acme", {"0": Meaning.TAKEN, "1": Meaning.DONE}, Resend.REFUSES)
UNCLEAR = Said(Meaning.UNCLEAR, "timeout")


def sent(state: AttemptState = AttemptState.SENDING) -> Attempt:
    return replace(Attempt("R1", "acme", NOW_MS).sending(NOW_MS, TERMS), state=state)


@pytest.mark.parametrize(
    ("meaning", "state"),
    [
        (Meaning.TAKEN, AttemptState.TAKEN),
        (Meaning.DONE, AttemptState.DONE),
        (Meaning.FAILED, AttemptState.FAILED),
        (Meaning.REFUSED, AttemptState.FAILED),
        (Meaning.NOT_FOUND, AttemptState.UNKNOWN),
        (Meaning.REVERSED, AttemptState.FAILED),
        (Meaning.UNCLEAR, AttemptState.UNKNOWN),
    ],
)
def test_only_documented_words_end_what_was_sent(meaning: Meaning, state: AttemptState) -> None:
    assert sent().answered(Said(meaning)).state is state


@pytest.mark.parametrize("before", [AttemptState.UNKNOWN, AttemptState.TAKEN])
@pytest.mark.parametrize("meaning", [Meaning.REFUSED, Meaning.UNCLEAR])
def test_a_question_that_is_refused_says_nothing_of_the_order(
    before: AttemptState, meaning: Meaning
) -> None:
    assert sent(before).told(Said(meaning), NOW_MS + 1, TERMS).state is before


def test_what_is_not_listed_is_unclear() -> None:
    assert TERMS.meaning("0") is Meaning.TAKEN
    assert TERMS.meaning("777") is Meaning.UNCLEAR


def test_not_found_is_believed_after_the_quarantine_and_some_times_in_a_row() -> None:
    missing = Said(Meaning.NOT_FOUND)
    unknown = sent(AttemptState.UNKNOWN)
    for _ in range(5):
        unknown = unknown.told(missing, NOW_MS + TERMS.quarantine_ms - 1, TERMS)
    assert unknown.state is AttemptState.UNKNOWN

    assert unknown.told(missing, NOW_MS + TERMS.quarantine_ms, TERMS).state is AttemptState.FAILED
    again = unknown.told(UNCLEAR, NOW_MS + TERMS.quarantine_ms, TERMS)
    for _ in range(TERMS.not_found_times - 1):
        again = again.told(missing, NOW_MS + TERMS.quarantine_ms, TERMS)
    assert again.state is AttemptState.UNKNOWN


def test_what_was_taken_is_never_believed_to_be_missing() -> None:
    taken = sent(AttemptState.TAKEN)
    for _ in range(9):
        taken = taken.told(Said(Meaning.NOT_FOUND), NOW_MS + DAY_MS - 1, TERMS)

    assert taken.state is AttemptState.TAKEN
    assert taken.next_step(NOW_MS + DAY_MS, TERMS) is Step.HUMAN


@pytest.mark.parametrize(("ref", "ends"), [("S2", AttemptState.TAKEN), ("S1", AttemptState.FAILED)])
def test_the_failure_of_another_order_than_the_one_told_of_ends_nothing(
    ref: str, ends: AttemptState
) -> None:
    taken = sent().answered(Said(Meaning.TAKEN, ref="S1"))

    asked = taken.told(Said(Meaning.FAILED, "2", ref=ref), 10_000, TERMS)

    assert (asked.state, asked.ref) == (ends, "S1")
    assert asked.told(Said(Meaning.DONE, ref="S1"), 20_000, TERMS).state is (
        AttemptState.DONE if ends.open else AttemptState.MANUAL
    )


def test_what_is_done_stays_done_until_it_is_taken_back() -> None:
    done = sent().answered(Said(Meaning.DONE, "1", receipt="PIN 1"))

    for meaning in Meaning:
        told = done.told(Said(meaning, "x"), NOW_MS + 1, TERMS)
        assert told.state is (
            AttemptState.REVERSED if meaning is Meaning.REVERSED else AttemptState.DONE
        )
        assert told.receipt == "PIN 1"


def test_a_failure_that_turns_out_to_be_none_is_for_a_person() -> None:
    failed = sent().answered(Said(Meaning.FAILED, "9"))

    assert failed.told(Said(Meaning.DONE, "1"), NOW_MS, TERMS).state is AttemptState.MANUAL
    again = failed.told(UNCLEAR, NOW_MS, TERMS)
    assert again == replace(failed, asked_at_ms=NOW_MS)


def test_a_person_decides_and_the_supplier_may_do_so_first() -> None:
    waiting = sent(AttemptState.UNKNOWN).handed_over("too long")

    assert waiting.decided(Verdict.FAILED, NOW_MS).state is AttemptState.FAILED
    late_ms = NOW_MS + 2 * DAY_MS
    assert waiting.decided(Verdict.ASK_AGAIN, late_ms).next_step(late_ms, TERMS) is Step.ASK
    assert waiting.told(Said(Meaning.DONE), NOW_MS, TERMS).state is AttemptState.DONE
    again = waiting.told(Said(Meaning.NOT_FOUND), NOW_MS, TERMS)
    assert again == replace(waiting, asked_at_ms=NOW_MS)
    assert sent().decided(Verdict.SUCCEEDED, NOW_MS).state is AttemptState.SENDING


@pytest.mark.parametrize("verdict", Verdict)
def test_what_a_person_said_is_known_until_something_comes_of_it(verdict: Verdict) -> None:
    waiting = sent(AttemptState.UNKNOWN).handed_over("too long")

    decided = waiting.decided(verdict, NOW_MS)

    assert [each for each in Verdict if decided.is_decided(each)] == [verdict]
    assert not any(waiting.is_decided(each) for each in Verdict)
    assert not decided.may_go_elsewhere
    again = decided.handed_over("too long")
    assert again.is_decided(Verdict.ASK_AGAIN) is False


def test_what_a_supplier_ended_no_person_decided() -> None:
    done, failed = (
        sent(AttemptState.UNKNOWN).told(Said(meaning, "7"), NOW_MS, TERMS)
        for meaning in (Meaning.DONE, Meaning.FAILED)
    )

    assert not done.is_decided(Verdict.SUCCEEDED)
    assert not failed.is_decided(Verdict.FAILED)
    assert (done.code, failed.code) == ("7", "7")


def test_questions_come_less_and_less_often_and_end_with_a_person() -> None:
    attempt, at_ms, asked = sent(AttemptState.UNKNOWN), NOW_MS, []
    while attempt.next_step(at_ms, TERMS) is not Step.HUMAN:
        if attempt.next_step(at_ms, TERMS) is Step.ASK:
            attempt = attempt.told(UNCLEAR, at_ms, TERMS)
            asked.append(at_ms)
        at_ms += 1000

    waits = [after - before for before, after in pairwise(asked)]
    assert waits[0] == 10_000
    assert waits == sorted(waits)
    assert waits[-1] == 15 * MINUTE_MS
    assert len(asked) < 105


def test_it_is_sent_once() -> None:
    with pytest.raises(ValueError, match="sent before"):
        sent().sending(NOW_MS, TERMS)


def test_what_never_left_may_be_sent_as_if_for_the_first_time() -> None:
    created = sent().answered(Said(Meaning.NOT_SENT))

    assert created.state is AttemptState.CREATED
    assert created.next_step(NOW_MS + 1, TERMS) is Step.SEND
    assert created.sending(NOW_MS + 1, TERMS).state is AttemptState.SENDING
    assert created.next_step(NOW_MS + TERMS.unsent_ms, TERMS) is Step.GIVE_UP
    assert created.given_up().state is AttemptState.FAILED
    assert sent().given_up() == sent()


REPLAYING = replace(TERMS, resend=Resend.REPLAYS)


def test_what_is_missing_is_sent_again_where_that_only_repeats_the_answer() -> None:
    missing = sent(AttemptState.UNKNOWN).told(Said(Meaning.NOT_FOUND), NOW_MS + 1, REPLAYING)
    later_ms = NOW_MS + MINUTE_MS

    assert missing.next_step(later_ms, TERMS) is Step.ASK
    assert missing.next_step(later_ms, REPLAYING) is Step.SEND
    again = missing.sending(later_ms, REPLAYING)
    assert (again.sends, again.missing, again.sent_at_ms) == (2, 0, later_ms)


@pytest.mark.parametrize("meaning", [Meaning.NOT_SENT, Meaning.REFUSED])
def test_what_was_sent_before_is_not_undone_by_sending_it_again(meaning: Meaning) -> None:
    missing = sent(AttemptState.UNKNOWN).told(Said(Meaning.NOT_FOUND), NOW_MS + 1, REPLAYING)
    again = missing.sending(NOW_MS + MINUTE_MS, REPLAYING)

    assert again.answered(Said(meaning)).state is AttemptState.UNKNOWN


def test_what_a_supplier_has_is_not_refused_any_more() -> None:
    assert sent(AttemptState.TAKEN).answered(Said(Meaning.REFUSED)).state is AttemptState.TAKEN


# --- any supplier within its terms


@dataclass
class Supplier:
    """Its book: when each reference is charged, if it ever is. An order it got appears in answers
    after `late_ms`, within the quarantine."""

    terms: Terms
    fate: Meaning
    ends_ms: int
    late_ms: int
    charged: list[str] = field(default_factory=list)
    got: dict[str, int] = field(default_factory=dict)

    def take(self, reference: str, at_ms: int) -> None:
        if reference in self.got and self.terms.resend is Resend.REPLAYS:
            return
        assert reference not in self.got, "sent twice"
        self.got[reference] = at_ms
        if self.fate is Meaning.DONE:
            self.charged.append(reference)

    def stands(self, reference: str, at_ms: int) -> Said:
        if reference not in self.got or at_ms < self.got[reference] + self.late_ms:
            return Said(Meaning.NOT_FOUND)
        if at_ms < self.got[reference] + self.ends_ms:
            return Said(Meaning.TAKEN, "0", "S1")
        return Said(self.fate, "end", "S1")


@st.composite
def suppliers(draw: st.DrawFn) -> Supplier:
    terms = replace(
        TERMS,
        quarantine_ms=draw(st.integers(1, 10)) * MINUTE_MS,
        resend=draw(st.sampled_from([Resend.REFUSES, Resend.REPLAYS])),
    )
    return Supplier(
        terms,
        fate=draw(st.sampled_from([Meaning.DONE, Meaning.FAILED])),
        ends_ms=draw(st.integers(0, 3 * DAY_MS)),
        late_ms=draw(st.integers(0, terms.quarantine_ms)),
    )


@settings(max_examples=300)
@given(suppliers(), st.sampled_from(["arrives", "lost", "answer lost"]), st.randoms())
def test_it_ends_as_the_suppliers_book_says(supplier: Supplier, wire: str, chance: Random) -> None:
    terms, now_ms = supplier.terms, NOW_MS
    attempt = Attempt("R1", "acme", now_ms).sending(now_ms, terms)
    if wire != "lost":
        supplier.take("R1", now_ms)
    if wire == "arrives":
        attempt = attempt.answered(supplier.stands("R1", now_ms + supplier.late_ms))

    while (step := attempt.next_step(now_ms, terms)) in (Step.ASK, Step.WAIT, Step.SEND):
        if step is Step.SEND:
            attempt = attempt.sending(now_ms, terms)
            if chance.random() < 0.7:
                supplier.take("R1", now_ms)
        now_ms += 1 + chance.randrange(5 * MINUTE_MS)
        if step is Step.ASK:
            said = UNCLEAR if chance.random() < 0.3 else supplier.stands("R1", now_ms)
            attempt = attempt.told(said, now_ms, terms)
    if step is Step.HUMAN:
        attempt = attempt.handed_over("too long")

    event(attempt.state.value)
    if attempt.state is AttemptState.FAILED:
        assert supplier.charged == []
    elif attempt.state is AttemptState.DONE:
        assert supplier.charged == ["R1"]
    else:
        assert attempt.state is AttemptState.MANUAL
