"""What becomes of an order that nobody paid in time, by what its provider says."""

import pytest

from scrip.domain.chase import WAIT_MS, Answer, Fate, Silence, fate_of
from scrip.domain.payment import Payment, Unpaid
from tests.domain.making import NOW_MS

OPEN, CLOSED = Unpaid(), Unpaid(closed=True)
NOT_TOLD = [each for each in Silence if each not in (Silence.NO_GATEWAY, Silence.NO_CALL)]


@pytest.mark.parametrize("answer", [CLOSED, Silence.NO_GATEWAY, Silence.NO_CALL])
@pytest.mark.parametrize("passed_ms", [0, WAIT_MS, 10 * WAIT_MS])
def test_nothing_is_waited_for_where_nothing_can_come(
    answer: Unpaid | Silence, passed_ms: int
) -> None:
    assert fate_of(answer, NOW_MS, NOW_MS + passed_ms) is Fate.CLOSED


@pytest.mark.parametrize("answer", [OPEN, *NOT_TOLD])
def test_who_may_still_pay_is_waited_for_a_while(answer: Unpaid | Silence) -> None:
    assert fate_of(answer, NOW_MS, NOW_MS) is Fate.WAITS
    assert fate_of(answer, NOW_MS, NOW_MS + WAIT_MS - 1) is Fate.WAITS
    assert fate_of(answer, NOW_MS, NOW_MS + WAIT_MS) is Fate.UNCLOSED


def test_an_answer_is_a_payment_that_none_came_or_why_nothing_is_known() -> None:
    assert Answer == Payment | Unpaid | Silence
