"""Forms: what they may ask, what fits them, and that nobody can make them slow."""

import re
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.errors import FormMisfilled, RequestInvalid
from scrip.domain.form import (
    MAX_CHOICES,
    MAX_FIELDS,
    MAX_FILLED,
    Choice,
    Field,
    FieldKind,
    Form,
    check,
    check_form,
)

UID = Field("uid", "Player id", pattern="[0-9]{8,10}")
SERVER = Field(
    "server",
    "Server",
    FieldKind.CHOICE,
    choices=(Choice("os_asia", "Asia"), Choice("os_euro", "Europe")),
)
PHONE = Field("phone", "Phone", FieldKind.PHONE)
NOTE = Field("note", "Note", required=False)
GAME = Form((UID, SERVER, NOTE))


def test_what_fits_is_kept_trimmed_and_in_the_order_of_the_form() -> None:
    filled = check(GAME, {"note": " hello \t", "server": "os_euro", "uid": "  812345678 "})

    assert filled == (("uid", "812345678"), ("server", "os_euro"), ("note", "hello"))


def test_what_may_be_left_empty_is_left_out() -> None:
    expected = (("uid", "812345678"), ("server", "os_euro"))

    assert check(GAME, {"uid": "812345678", "server": "os_euro"}) == expected
    assert check(GAME, {"uid": "812345678", "server": "os_euro", "note": "  "}) == expected


@pytest.mark.parametrize(
    ("filled", "why"),
    [
        ({"uid": "812345678"}, "server: is missing"),
        ({"uid": " ", "server": "os_asia"}, "uid: is missing"),
        ({"uid": "12345", "server": "os_asia"}, "uid: does not fit its pattern"),
        ({"uid": "81234567890", "server": "os_asia"}, "uid: does not fit its pattern"),
        ({"uid": "8123456٧8", "server": "os_asia"}, "uid: does not fit its pattern"),
        ({"uid": "812345678", "server": "Asia"}, "server: is none of its choices"),
        ({"uid": "812345678", "server": "os_asia", "zone": "1"}, "zone: is not asked for"),
        ({"uid": "812345678", "server": "os_asia", "+49151": "1"}, "a field: is not asked for"),
        ({"uid": "812345678", "server": "os_asia", "note": "a\nb"}, "note: does not fit"),
        ({"uid": "812345678", "server": "os_asia", "note": "x" * 65}, "note: does not fit"),
    ],
)
def test_what_does_not_fit_is_named_and_not_shown(filled: dict[str, str], why: str) -> None:
    with pytest.raises(FormMisfilled, match=re.escape(why)) as error:
        check(GAME, filled)

    assert not any(value in str(error.value) for value in filled.values() if len(value) > 4)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+49 (151) 123-456.78", "+4915112345678"),
        ("13800138000", "13800138000"),
        ("0151/1234567", "01511234567"),
    ],
)
def test_a_phone_number_is_kept_without_what_stands_between_its_digits(
    typed: str, kept: str
) -> None:
    assert check(Form((PHONE,)), {"phone": typed}) == (("phone", kept),)


@pytest.mark.parametrize("typed", ["1234", "49+151123456", "++4915112345", "call me", "1" * 16])
def test_what_is_no_phone_number_does_not_fit(typed: str) -> None:
    with pytest.raises(FormMisfilled, match="phone: is no phone number"):
        check(Form((PHONE,)), {"phone": typed})


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ((), "fields"),
        ((UID,) * 2, "same name"),
        (tuple(replace(UID, name=f"f{n}") for n in range(MAX_FIELDS + 1)), "fields"),
        ((replace(UID, name="Uid"),), "its name"),
        ((replace(UID, name="uid\n"),), "its name"),
        ((replace(SERVER, choices=()),), "choices go with"),
        ((replace(UID, choices=SERVER.choices),), "choices go with"),
        ((replace(PHONE, pattern="[0-9]"),), "a pattern goes with"),
        ((replace(SERVER, choices=SERVER.choices * 2),), "twice"),
        ((replace(SERVER, choices=(Choice("", "None"),)),), "symbols"),
        ((replace(SERVER, choices=(Choice(" a", "A"),)),), "symbols"),
        ((replace(SERVER, choices=(Choice("x" * (MAX_FILLED + 1), "A"),)),), "symbols"),
        (
            (replace(SERVER, choices=tuple(Choice(f"{n}", "") for n in range(MAX_CHOICES + 1))),),
            "choices",
        ),
        ((replace(SERVER, choices=tuple(Choice(f"{n}", "x" * 99) for n in range(50))),), "in all"),
    ],
)
def test_a_form_that_cannot_be_asked_is_refused(fields: tuple[Field, ...], why: str) -> None:
    with pytest.raises(RequestInvalid, match=why):
        check_form(Form(fields))


@pytest.mark.parametrize(
    "pattern",
    [
        *("[0-9", "0-9", "[0-9]+", "[0-9]*", "(a|b)", "[^a]", "[9-0]", "[A-z]", "[0-Z]", "[]"),
        *("[0-9]{5,3}", "[0-9]{0}", "[0-9]{1,}", "[0-9]{100}", "[a][b]x", "[a]\n", "[é]", "."),
        "[0]" * 9,
    ],
)
def test_a_pattern_of_another_language_is_refused(pattern: str) -> None:
    with pytest.raises(RequestInvalid, match="its pattern"):
        check_form(Form((replace(UID, pattern=pattern),)))


def fits(pattern: str, value: str) -> bool:
    try:
        check(Form((Field("it", "It", pattern=pattern),)), {"it": value})
    except FormMisfilled:
        return False
    return True


CLASSES = st.sampled_from(["[a]", "[a-c]", "[b0-2]", "[_.@#+:\\-]", "[A-Za-z0-9]"])
NUMBERS = st.sampled_from(["", "{1}", "{2}", "{0,1}", "{0,3}", "{1,4}", "{2,9}"])
PATTERNS = st.lists(st.builds(str.__add__, CLASSES, NUMBERS), min_size=1, max_size=8).map("".join)


@given(PATTERNS, st.text("abc012_-#Z", min_size=1, max_size=20))
def test_a_pattern_means_what_it_means_as_a_regular_expression(pattern: str, value: str) -> None:
    check_form(Form((replace(UID, pattern=pattern),)))

    assert fits(pattern, value) == (re.fullmatch(pattern, value) is not None)


def test_no_pattern_and_no_text_is_slow() -> None:
    pattern, value = "[a]{0,64}" * 8, "a" * 63 + "b"
    check_form(Form((replace(UID, pattern=pattern),)))
    begun = time.perf_counter()

    assert not fits(pattern, value)

    assert time.perf_counter() - begun < 0.5
