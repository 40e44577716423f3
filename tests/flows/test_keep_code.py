"""What is heard of a code that was bought: done only once it is safe, and never another than it
was."""

from dataclasses import dataclass, field, replace

import pytest

from scrip.domain.attempt import AttemptState, Said
from scrip.domain.code import Code
from scrip.domain.goods import Kind
from scrip.domain.route import Route
from scrip.domain.supplier_terms import Meaning
from scrip.domain.top_up import TopUp, Unit, begun
from scrip.steps.keep_code import ANOTHER_CODE, keep_code

UNIT, CODE = Unit("demo", "0123456789ABCDEF", 0, 0), Code("ABCD-1234")
DONE = Said(Meaning.DONE, "ok", "F1", "receipt", secret=CODE)


@dataclass
class Kept:
    codes: dict[Unit, Code] = field(default_factory=dict)

    def keep(self, unit: Unit, code: Code, _reference: str, _now_ms: int) -> bool:
        return self.codes.setdefault(unit, code) == code


def top_up(state: AttemptState = AttemptState.SENDING, kind: Kind = Kind.BOUGHT_CODE) -> TopUp:
    made = begun(UNIT, Route("main", "1"), 1, kind)
    return made.with_attempt(replace(made.attempt, state=state))


def test_what_is_done_is_sealed_first() -> None:
    kept = Kept()

    said = keep_code(DONE, top_up(), now_ms=2, codes=kept)

    assert said == replace(DONE, receipt="")
    assert kept.codes == {UNIT: CODE}
    assert keep_code(DONE, top_up(AttemptState.DONE), now_ms=3, codes=kept) == said


def test_another_code_is_not_kept_and_a_person_looks() -> None:
    kept = Kept({UNIT: Code("ANOTHER")})

    said = keep_code(DONE, top_up(), now_ms=2, codes=kept)

    assert said == Said(Meaning.IMPOSSIBLE, ANOTHER_CODE, "F1")
    assert kept.codes == {UNIT: Code("ANOTHER")}
    attempt = top_up().attempt.answered(said)
    assert (attempt.state, attempt.reason, attempt.ref) == (
        AttemptState.MANUAL,
        ANOTHER_CODE,
        "F1",
    )


@pytest.mark.parametrize("state", [AttemptState.SENDING, AttemptState.MANUAL, AttemptState.DONE])
def test_done_without_a_code_is_not_done(state: AttemptState) -> None:
    said = keep_code(replace(DONE, secret=None), top_up(state), now_ms=2, codes=Kept())

    assert said.meaning is Meaning.TAKEN


def test_a_code_of_what_had_failed_is_nobodys() -> None:
    kept = Kept()

    said = keep_code(DONE, top_up(AttemptState.FAILED), now_ms=2, codes=kept)

    assert said.meaning is Meaning.DONE
    assert kept.codes == {}


@pytest.mark.parametrize("meaning", [each for each in Meaning if each is not Meaning.DONE])
def test_everything_else_is_heard_as_it_was_but_for_its_receipt(meaning: Meaning) -> None:
    kept, said = Kept(), replace(DONE, meaning=meaning)

    assert keep_code(said, top_up(), now_ms=2, codes=kept) == replace(said, receipt="")
    assert kept.codes == {}


def test_what_is_charged_is_left_alone() -> None:
    kept = Kept()

    assert keep_code(DONE, top_up(kind=Kind.TOP_UP), now_ms=2, codes=kept) is DONE
    assert kept.codes == {}


def test_a_secret_is_told_by_no_repr() -> None:
    assert "ABCD" not in repr(DONE)
