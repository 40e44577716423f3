"""What staff may see of a code: its ends, and never enough to guess the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.code import Code
from scrip.domain.masking import FULLY_MASKED, masked

PRINTABLE = st.text(min_size=1, max_size=200).filter(str.isprintable)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("ABCD-EFGH-JKMN-7Q2M", "ABCD-****-****-7Q2M"),
        ("ABCD EFGH JKMN 7Q2M", "ABCD **** **** 7Q2M"),
        ("ABCDEFGHJKMN7Q2M", "ABCD********7Q2M"),
        ("ABCDE-FGHIJ-KLMNO-12PQR", "ABCD*-*****-*****-*2PQR"),
        ("ABCDEFGHJK7Q", "AB********7Q"),
        ("ABCDEFGH7Q", "A********Q"),
        ("ABCDEFGH7", FULLY_MASKED),
        ("A1", FULLY_MASKED),
        ("-", FULLY_MASKED),
        ("1234-5678-9012-3456", "1***-****-****-***6"),
        ("12345678901234", FULLY_MASKED),
        ("123456789012345678901", "1234*************8901"),
        ("DEADBEEF01234567", "DEA**********567"),
        ("ABCDEFGHIJKLMNOP", "ABC**********NOP"),
        ("https://shop.example/redeem?code=ABCDEFGHJKMN7Q2M", FULLY_MASKED),
        ("充值码一二三四五六七八九十一二三四五六七八", FULLY_MASKED),
    ],
)
def test_a_code_shows_its_ends_as_far_as_it_can_spare_them(code: str, shown: str) -> None:
    assert masked(Code(code, "8841")) == shown


@given(PRINTABLE)
def test_never_more_than_half_is_shown_nor_more_than_four_at_an_end(code: str) -> None:
    shown = masked(Code(code))
    if shown == FULLY_MASKED:
        return
    symbols = [(a, b) for a, b in zip(code, shown, strict=True) if a not in "- "]
    seen = [b for _, b in symbols if b != "*"]

    assert len(seen) <= min(8, len(symbols) // 2)
    assert len(symbols) - len(seen) >= 8
    assert all(a == b for a, b in zip(code, shown, strict=True) if b != "*")


@given(st.text(CROCKFORD, min_size=16, max_size=16))
def test_two_codes_that_differ_in_the_middle_look_the_same(middle: str) -> None:
    one, other = (Code(f"ABCD{each}7Q2M") for each in (middle, "0123456789ABCDEF"))

    looks = {masked(one)[4:-4], masked(other)[4:-4]}

    assert looks == {"*" * 16}


@given(PRINTABLE, PRINTABLE)
def test_a_pin_changes_nothing(code: str, pin: str) -> None:
    assert masked(Code(code, pin)) == masked(Code(code))
