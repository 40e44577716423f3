"""What the keys of a product are made of, and what is refused."""

import pytest

from scrip.domain.errors import PatternWeak, RequestInvalid
from scrip.domain.key_pattern import Pattern
from scrip.domain.recipe import DAY_MS, Recipe, check_recipe, warning_of
from tests.domain.making import NOW_MS

WEAK = Pattern("0123456789", groups=(6, 6))


def recipe(pattern: Pattern | None, *features: str, days: int = 0) -> Recipe:
    return Recipe(pattern, features, days, 3)


def check(made: Recipe, *, accept_weak: bool = False) -> None:
    check_recipe(made, accept_weak=accept_weak, guesses_per_second=100)


def test_a_strong_pattern_and_a_licence_pass_without_a_warning() -> None:
    for made in (recipe(Pattern()), recipe(None, "pro")):
        check(made)

        assert warning_of(made, 100) == ""


def test_a_pattern_that_can_be_guessed_is_refused_with_its_odds() -> None:
    with pytest.raises(PatternWeak, match="somebody guesses one every 28 hours"):
        check(recipe(WEAK))


def test_who_insists_is_warned() -> None:
    check(recipe(WEAK), accept_weak=True)

    assert "somebody guesses one every" in warning_of(recipe(WEAK), 100)


def test_nobody_may_insist_on_what_cannot_work() -> None:
    for pattern in (Pattern("0123456789", groups=(4,)), Pattern("ABC")):
        with pytest.raises(RequestInvalid):
            check(recipe(pattern), accept_weak=True)


def test_only_a_licence_names_features() -> None:
    with pytest.raises(RequestInvalid, match="only a licence"):
        check(recipe(Pattern(), "pro"))


def test_a_key_ends_days_after_delivery_or_never() -> None:
    assert recipe(None, days=30).until_ms(NOW_MS) == NOW_MS + 30 * DAY_MS
    assert recipe(None).until_ms(NOW_MS) == 0


def test_only_the_activation_limit_may_change() -> None:
    assert Recipe(None, ("pro",), 30, 1).makes == Recipe(None, ("pro",), 30, 5).makes
    assert Recipe(None, ("pro",), 30, 1).makes != Recipe(None, ("pro",), 31, 1).makes
    assert Recipe(None, ("pro",), 30, 1).makes != Recipe(None, ("max",), 30, 1).makes
    assert Recipe(None, (), 30, 1).makes != Recipe(Pattern(), (), 30, 1).makes
