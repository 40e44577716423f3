"""Whose file it was: told by order, by quotation marks, of a part, without the first line."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.code import Code
from scrip.domain.watermark import Evidence, Person, evidence, marked_file, read_rows

CODES = [Code(f"CODE-{n:04d}", f"{n:04d}") for n in range(60)]
ANN = Person("7K2M9Q4XTB3WHD5N", "annannan", bytes(32))
BEN = ANN._replace(key_id="benbenbe")
PRINTABLE = st.text(min_size=1, max_size=40).filter(str.isprintable)


def file_of(person: Person) -> str:
    return marked_file(person, "Ann's", 1_760_000_000_000, CODES)


def signs(person: Person, text: str) -> Evidence:
    known = {code.code for code in CODES}
    return evidence(person, [row for row in read_rows(text) if row[0] in known])


def test_a_file_names_its_person_in_the_first_line_and_holds_every_code() -> None:
    first, header, *rows = file_of(ANN).splitlines()

    assert (
        first == '# export 7K2M9Q4XTB3WHD5N for key annannan "Ann\'s", 1760000000000 ms since 1970'
    )
    assert header == "code,pin"
    assert sorted(row.replace('"', "") for row in rows) == [f"{c.code},{c.pin}" for c in CODES]


def test_a_label_cannot_end_the_first_line() -> None:
    text = marked_file(ANN, 'x"\ncode,pin\nFORGED,1', 0, CODES)

    assert len(text.splitlines()) == 2 + len(CODES)


def test_a_whole_file_convicts_its_person_and_nobody_else() -> None:
    assert signs(ANN, file_of(ANN)) == Evidence("annannan", 59, 59, 60, 60)
    assert signs(ANN, file_of(ANN)).convicts
    assert not signs(BEN, file_of(ANN)).convicts
    assert signs(BEN, file_of(BEN)).convicts


def stripped(text: str) -> str:
    return "\n".join(text.splitlines()[2:])


def a_third(text: str) -> str:
    return "\n".join(text.splitlines()[2::3])


def unquoted(text: str) -> str:
    return text.replace('"', "")


def codes_only(text: str) -> str:
    return "\n".join(code for code, _ in read_rows(text))


def by_name(text: str) -> str:
    return "\n".join(sorted(text.splitlines()[2:], key=lambda row: row.replace('"', "")))


def shuffled(text: str) -> str:
    rows = text.splitlines()[2:]
    random.Random(1).shuffle(rows)
    return "\n".join(rows)


@pytest.mark.parametrize("change", [stripped, a_third, unquoted, codes_only, by_name, shuffled])
def test_one_of_the_marks_outlives_what_is_done_to_the_file(change: object) -> None:
    leaked = change(file_of(ANN))  # type: ignore[operator]

    assert signs(ANN, leaked).convicts
    assert not signs(BEN, leaked).convicts


def test_sorted_and_written_anew_nothing_is_left_to_tell() -> None:
    leaked = by_name(unquoted(file_of(ANN)))

    assert not signs(ANN, leaked).convicts
    assert not signs(BEN, leaked).convicts


def test_few_codes_convict_nobody() -> None:
    leaked = "\n".join(file_of(ANN).splitlines()[2:11])

    assert not signs(ANN, leaked).convicts


@given(st.lists(PRINTABLE, min_size=1, max_size=5, unique=True))
def test_any_code_is_read_back_from_its_row(codes: list[str]) -> None:
    text = marked_file(ANN, "x", 0, [Code(code) for code in codes])

    found = {code for code, _ in read_rows("\n".join(text.split("\n")[2:]))}

    assert {code.strip() for code in codes} <= {code.strip() for code in found} | {""}
