"""Scorecards of suppliers: shares and percentiles of some days."""

from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.scorecard import STEPS_MS, Ending, Scorecard, added, step_of

NOTHING = Scorecard({}, {})


def of(*took_ms: int, **ended: int) -> Scorecard:
    return added(
        [
            Scorecard({Ending(name): count for name, count in ended.items()}, {}),
            *(Scorecard({}, {step_of(each): 1}) for each in took_ms),
        ]
    )


def test_without_orders_nothing_is_said() -> None:
    assert (NOTHING.share(Ending.DONE), NOTHING.within_ms(50)) == (None, None)


def test_what_is_reversed_was_done_before() -> None:
    card = of(done=8, failed=1, unknown=1, reversed=2)

    assert card.attempts == 10
    assert card.share(Ending.DONE) == 0.8
    assert card.share(Ending.REVERSED) == 0.2


def test_days_add_up() -> None:
    card = added([of(900, done=1), of(4_000, 4_500, done=1, failed=1), NOTHING])

    assert card.ended == {Ending.DONE: 2, Ending.FAILED: 1}
    assert (card.within_ms(50), card.within_ms(95), card.within_ms(1)) == (5_000, 5_000, 1_000)


@given(st.lists(st.integers(0, 10 * STEPS_MS[-1]), min_size=1), st.integers(1, 100))
def test_a_percentile_is_right_to_within_a_step(took_ms: list[int], percent: int) -> None:
    rank = -(-len(took_ms) * percent // 100) - 1
    true_ms = min(sorted(took_ms)[rank], STEPS_MS[-1])

    within_ms = of(*took_ms).within_ms(percent)

    assert within_ms is not None
    assert within_ms == next(step for step in STEPS_MS if true_ms <= step)
