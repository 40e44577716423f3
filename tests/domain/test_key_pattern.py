"""Codes that Scrip makes: hard to guess, easy to type, typos told."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.key_pattern import (
    FLOOR_BITS,
    MIN_BITS,
    Pattern,
    check_symbol,
    code_from,
    normalise,
    odds,
    shown,
    span,
    why_not,
)
from scrip.domain.order_access import CROCKFORD

DEFAULT = Pattern()
RANDOMNESS = st.binary(min_size=64, max_size=64)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALPHABETS = (CROCKFORD, "0123456789", "0123456789ABCDEF", LETTERS, "0123456789" + LETTERS)


@st.composite
def patterns(draw: st.DrawFn) -> Pattern:
    """Patterns that can make codes."""
    alphabet = draw(st.sampled_from(ALPHABETS))
    groups = draw(st.lists(st.integers(1, 6), min_size=2, max_size=6))
    prefix = draw(st.text(alphabet=LETTERS + "0123456789", max_size=8))
    check = draw(st.booleans())
    pattern = Pattern(alphabet, (6, *groups, 5), draw(st.sampled_from("- ")), prefix, check)
    return pattern if why_not(pattern) is None else DEFAULT


def test_by_default_fifteen_random_symbols_and_a_check_are_shown_in_fours() -> None:
    code = code_from(DEFAULT, bytes(range(64)))

    assert DEFAULT.bits == MIN_BITS == 75
    assert [len(group) for group in shown(DEFAULT, code).split("-")] == [4, 4, 4, 4]
    assert set(code) <= set(CROCKFORD)


@given(patterns(), RANDOMNESS)
def test_what_is_shown_is_read_back(pattern: Pattern, randomness: bytes) -> None:
    code = code_from(pattern, randomness)

    assert normalise(pattern, shown(pattern, code)) == code
    assert normalise(pattern, shown(pattern, code).lower()) == code
    assert normalise(pattern, code) == code


@given(RANDOMNESS, st.data())
def test_what_people_do_to_a_key_is_understood(randomness: bytes, data: st.DataObject) -> None:
    code = code_from(DEFAULT, randomness)
    swaps = {"1": "1IiLl", "0": "0Oo"}
    typed = "".join(data.draw(st.sampled_from(swaps.get(each, each))) for each in code)
    between = st.sampled_from(["", "-", " ", "--", " - ", "\u2013", "\n", "\u3000", "_", "."])

    spread = "".join(each + data.draw(between) for each in typed)

    assert normalise(DEFAULT, spread) == code


def test_full_width_symbols_are_understood() -> None:
    code = code_from(DEFAULT, bytes(range(64)))
    wide = "".join(chr(ord(each) + 0xFEE0) for each in shown(DEFAULT, code))

    assert normalise(DEFAULT, wide) == code


@given(patterns(), RANDOMNESS, st.data())
def test_every_single_wrong_symbol_is_a_typo(
    pattern: Pattern, randomness: bytes, data: st.DataObject
) -> None:
    checked = Pattern(pattern.alphabet, pattern.groups, "-", "", check=True)
    code = code_from(checked, randomness)
    at = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from([each for each in checked.alphabet if each != code[at]]))

    assert normalise(checked, code[:at] + wrong + code[at + 1 :]) is None


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_every_swap_of_neighbours_but_one_is_a_typo(alphabet: str) -> None:
    tail = alphabet[3] * 9
    passed = {
        frozenset(pair)
        for pair in ((a, b) for a in alphabet for b in alphabet if a != b)
        for body in ["".join(pair) + tail]
        if check_symbol(alphabet, body) == check_symbol(alphabet, body[1] + body[0] + tail)
    }

    assert passed == {frozenset((alphabet[0], alphabet[-1]))}


@given(RANDOMNESS)
def test_a_swap_anywhere_in_a_key_is_told(randomness: bytes) -> None:
    code = code_from(DEFAULT, randomness)

    for at, (first, second) in enumerate(pairwise(code)):
        if first != second and {first, second} != {"0", "Z"}:
            assert normalise(DEFAULT, code[:at] + second + first + code[at + 2 :]) is None


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-",
        "ABCD",
        "U" * 16,
        "7K2M-9Q4X-TB3W-HD5",
        "7K2M-9Q4X-TB3W-HD5NN",
        "é" * 16,
    ],
)
def test_what_is_no_key_is_none(typed: str) -> None:
    assert normalise(DEFAULT, typed) is None


def test_a_prefix_belongs_to_the_key_and_has_no_lookalikes() -> None:
    pattern = Pattern(prefix="PRO1")
    code = code_from(pattern, bytes(range(64)))

    assert code.startswith("PRO1")
    assert shown(pattern, code).startswith("PRO1-")
    assert normalise(pattern, "pro1" + code[4:]) == code
    assert normalise(pattern, "PR01" + code[4:]) is None
    assert normalise(pattern, code[4:]) is None


def test_lookalikes_stay_apart_in_an_alphabet_that_has_both() -> None:
    pattern = Pattern("0123456789" + LETTERS, groups=(8, 8), check=False)

    assert normalise(pattern, "O0I1L1O0O0I1L1O0") == "O0I1L1O0O0I1L1O0"
    assert normalise(Pattern(LETTERS, groups=(16,), check=False), "0" * 16) == "O" * 16


@given(st.lists(RANDOMNESS, min_size=200, max_size=200, unique=True))
def test_other_randomness_makes_other_codes(many: list[bytes]) -> None:
    assert len({code_from(DEFAULT, each) for each in many}) == len(many)


def test_symbols_are_equally_likely() -> None:
    digits = Pattern("0123456789", groups=(12, 12), check=False)
    drawn = "".join(
        code_from(digits, hashlib.sha512(str(number).encode()).digest()) for number in range(2000)
    )

    counts = [drawn.count(digit) for digit in digits.alphabet]

    assert min(counts) > 0.9 * len(drawn) / 10
    assert max(counts) < 1.1 * len(drawn) / 10


@pytest.mark.parametrize(
    ("pattern", "flaw"),
    [
        (Pattern("ABC"), "alphabet: 10 to 36"),
        (Pattern("0123456789ABCDEFGHJKMNPQRSTVWXYZ!"), "distinct capital letters and digits"),
        (Pattern("0123456789a"), "distinct capital letters and digits"),
        (Pattern("01234567899"), "distinct capital letters and digits"),
        (Pattern("0123456789A"), "an even number"),
        (Pattern(prefix="A-B"), "prefix"),
        (Pattern(prefix="ABCDEFGHI"), "prefix"),
        (Pattern(separator="/"), "separator"),
        (Pattern(groups=()), "groups: 1 to 10"),
        (Pattern(groups=(4,) * 11), "groups: 1 to 10"),
        (Pattern(groups=(0, 16)), "symbols each"),
        (Pattern(groups=(13, 4)), "symbols each"),
        (Pattern(groups=(9, 9, 9, 9, 9)), "at most 40"),
        (Pattern("0123456789", groups=(5, 5)), f"30 bits: at least {FLOOR_BITS}"),
    ],
)
def test_a_pattern_that_cannot_make_keys_is_told(pattern: Pattern, flaw: str) -> None:
    assert flaw in (why_not(pattern) or "")


def test_an_odd_alphabet_makes_codes_without_a_check() -> None:
    assert why_not(Pattern("0123456789A", groups=(12, 12), check=False)) is None


def test_the_odds_are_told_in_a_sentence() -> None:
    weak = Pattern("0123456789", groups=(6, 6))

    assert odds(weak, sold=10_000, guesses_per_second=100) == (
        "36.5 bits: with 10,000 keys sold and 100 guesses a second, somebody guesses one every "
        "28 hours"
    )
    assert [span(s) for s in (1, 119, 120, 7_200, 172_800, 63_115_200)] == [
        "1 seconds",
        "119 seconds",
        "2 minutes",
        "2 hours",
        "2 days",
        "2 years",
    ]
