"""Marks: the same code is recognised, and nothing else can be read from them."""

from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.blind_index import (
    MARK_BYTES,
    batch_id_for,
    marks_of,
    pack_marks,
    unpack_marks,
)
from scrip.domain.code import Code

KEY = bytes(range(32))
CODES = st.text(min_size=1, max_size=40).filter(str.isprintable)


@given(st.lists(CODES, unique=True, max_size=20))
def test_a_mark_names_one_code(codes: list[str]) -> None:
    marks = marks_of(KEY, map(Code, codes))

    assert marks == marks_of(KEY, map(Code, codes))
    assert len(set(marks)) == len(codes)
    assert {len(mark) for mark in marks} <= {MARK_BYTES}


def test_a_pin_does_not_make_another_code_of_it() -> None:
    assert marks_of(KEY, [Code("A-1", "1234")]) == marks_of(KEY, [Code("A-1")])


def test_another_key_makes_other_marks() -> None:
    assert marks_of(KEY, [Code("A-1")]) != marks_of(bytes(32), [Code("A-1")])


@given(st.lists(CODES, unique=True, max_size=20))
def test_marks_are_kept_without_the_order_of_their_file(codes: list[str]) -> None:
    marks = marks_of(KEY, map(Code, codes))

    assert unpack_marks(pack_marks(marks)) == sorted(marks)
    assert pack_marks(marks) == pack_marks(marks[::-1])


def test_a_batch_is_named_by_key_variant_and_idempotency_key() -> None:
    names = {
        batch_id_for(KEY, "card-50", "k1"),
        batch_id_for(KEY, "card-50", "k2"),
        batch_id_for(KEY, "card-20", "k1"),
        batch_id_for(bytes(32), "card-50", "k1"),
    }

    assert len(names) == 4
    assert {len(name) for name in names} == {10}
