"""Codes as merchants hand them in: what is taken, what is refused, and that nothing is echoed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrip.domain.code import MAX_CODE_LENGTH, Code, DataKey
from scrip.domain.code_request import ParsedCodes, parse_csv, parse_text

SECRET = "S3CR3T"


def codes(parsed: ParsedCodes) -> list[tuple[str, str]]:
    return [(each.code, each.pin) for each in parsed.codes]


def refusals(parsed: ParsedCodes) -> list[tuple[int, str]]:
    return [(each.row, each.reason) for each in parsed.refused]


@pytest.mark.parametrize(
    "text",
    [
        "A-1\nB-2",
        "A-1\nB-2\n",
        "A-1\r\nB-2\r\n",
        "\ufeffA-1\nB-2",
        "\n\nA-1\n\n  \nB-2\n\n",
        "  A-1\t\n\tB-2  ",
    ],
)
def test_text_is_one_code_a_line(text: str) -> None:
    parsed = parse_text(text)

    assert codes(parsed) == [("A-1", ""), ("B-2", "")]
    assert (parsed.refused, parsed.duplicates) == ((), 0)


def test_text_keeps_spaces_commas_and_quotes_inside_a_code() -> None:
    assert codes(parse_text('A 1,"2"\n')) == [('A 1,"2"', "")]


def test_codes_of_any_script_are_codes() -> None:
    assert codes(parse_text("卡密-一\nключ")) == [("卡密-一", ""), ("ключ", "")]


def test_a_code_twice_is_taken_once_and_counted() -> None:
    parsed = parse_text("A-1\nB-2\nA-1\r\n A-1 \n")

    assert codes(parsed) == [("A-1", ""), ("B-2", "")]
    assert parsed.duplicates == 2


def test_case_tells_codes_apart() -> None:
    assert len(parse_text("a-1\nA-1").codes) == 2


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", " \n\t\r\n"])
def test_nothing_parses_to_nothing(text: str) -> None:
    assert parse_text(text) == ParsedCodes((), (), 0)


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\r", "\u200b", "\u202e", "\x7f", "\ufeff"])
def test_a_character_that_cannot_be_seen_refuses_its_row(bad: str) -> None:
    parsed = parse_text(f"A-1\n{SECRET}{bad}{SECRET}\nB-2")

    assert refusals(parsed) == [(2, "unprintable character")]
    assert codes(parsed) == [("A-1", ""), ("B-2", "")]


def test_a_code_may_be_long_but_not_longer() -> None:
    parsed = parse_text("x" * MAX_CODE_LENGTH + "\n" + "y" * (MAX_CODE_LENGTH + 1))

    assert len(parsed.codes) == 1
    assert refusals(parsed) == [(2, f"longer than {MAX_CODE_LENGTH} characters")]


def test_rows_are_counted_with_the_blank_ones() -> None:
    assert refusals(parse_text("\n\nA-1\n\n\x00\n"))[0][0] == 5


@pytest.mark.parametrize(
    "text",
    [
        "code,pin\nA-1,11\nB-2,\n",
        "code,pin\r\nA-1,11\r\nB-2,\r\n",
        "\ufeffcode,pin\nA-1,11\nB-2,",
        " Code , PIN \n A-1 , 11 \nB-2, \n",
        'code,pin\n"A-1","11"\n\n"B-2",""\n\n',
        "pin,code\n11,A-1\n,B-2\n",
    ],
)
def test_csv_has_named_columns(text: str) -> None:
    parsed = parse_csv(text)

    assert codes(parsed) == [("A-1", "11"), ("B-2", "")]
    assert (parsed.refused, parsed.duplicates) == ((), 0)


def test_csv_needs_no_pin() -> None:
    assert codes(parse_csv("code\nA-1\n\nB-2")) == [("A-1", ""), ("B-2", "")]


def test_csv_quotes_hold_commas() -> None:
    assert codes(parse_csv('code,pin\n"A,1","say ""hi"""')) == [("A,1", 'say "hi"')]


def test_the_same_code_with_another_pin_is_a_duplicate() -> None:
    parsed = parse_csv("code,pin\nA-1,11\nA-1,22")

    assert codes(parsed) == [("A-1", "11")]
    assert parsed.duplicates == 1


@pytest.mark.parametrize(
    "header",
    [
        "",
        SECRET,
        "pin",
        "code;pin",
        "code,price",
        "code,pin,",
        "code\tpin",
        "code,code",
        "code,pin,pin",
    ],
)
def test_csv_without_its_header_is_refused_whole(header: str) -> None:
    parsed = parse_csv(f"{header}\nA-1,11\n")

    assert parsed.codes == ()
    assert refusals(parsed) == [(1, "header must name code and may name pin and note")]


@pytest.mark.parametrize("row", [SECRET, f"{SECRET},{SECRET},{SECRET}"])
def test_a_row_of_another_width_is_refused(row: str) -> None:
    parsed = parse_csv(f"code,pin\nA-1,11\n{row}\n")

    assert refusals(parsed) == [(3, "wrong number of columns")]
    assert codes(parsed) == [("A-1", "11")]


def test_a_pin_without_its_code_is_refused() -> None:
    assert refusals(parse_csv(f"code,pin\n,{SECRET}\n ,{SECRET}")) == [
        (2, "empty code"),
        (3, "empty code"),
    ]


@pytest.mark.parametrize("cell", ["a\nb", "a\rb", "a\x00b", "a\x07b"])
@pytest.mark.parametrize("row", ['"{}",11', 'A-1,"{}"'])
def test_csv_refuses_what_cannot_be_seen_in_code_or_pin(cell: str, row: str) -> None:
    parsed = parse_csv("code,pin\n" + row.format(cell))

    assert parsed.codes == ()
    assert len(parsed.refused) == 1


def test_csv_refuses_a_long_pin() -> None:
    parsed = parse_csv("code,pin\nA-1," + "9" * (MAX_CODE_LENGTH + 1))

    assert refusals(parsed) == [(2, f"longer than {MAX_CODE_LENGTH} characters")]


@pytest.mark.parametrize("text", ['code\n"A-1', 'code\n"A-1"x\n', 'code,pin\nA-1,"1'])
def test_broken_quotes_refuse_the_file(text: str) -> None:
    parsed = parse_csv(text)

    assert parsed.codes == ()
    assert [reason for _, reason in refusals(parsed)] == ["not well-formed CSV"]


@given(st.text())
def test_parsing_never_fails_and_never_takes_what_cannot_be_seen(text: str) -> None:
    for parsed in (parse_text(text), parse_csv(text), parse_csv("code,pin\n" + text)):
        for each in parsed.codes:
            assert each.code
            assert (each.code + each.pin).isprintable()
            assert each.code == each.code.strip()


@given(st.lists(st.text("ABC123-", min_size=1, max_size=30), max_size=30))
def test_text_takes_every_code_once_in_order(rows: list[str]) -> None:
    parsed = parse_text("\n".join(rows))

    assert [each.code for each in parsed.codes] == list(dict.fromkeys(rows))
    assert parsed.duplicates == len(rows) - len(parsed.codes)


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET}\x00",
        SECRET * 60,
        f"code,pin\n{SECRET}",
        f"code,pin\n,{SECRET}",
        f"{SECRET},pin\nx,y",
        f'code\n"{SECRET}',
        f"code,pin\n{SECRET}\x00,{SECRET}\x07",
    ],
)
def test_a_refusal_never_tells_what_stands_in_the_row(text: str) -> None:
    for parsed in (parse_text(text), parse_csv(text)):
        assert SECRET not in repr(parsed)
        assert all(SECRET not in reason for _, reason in refusals(parsed))


def test_codes_and_keys_are_masked_wherever_they_are_printed() -> None:
    code, key = Code(SECRET, SECRET), DataKey(SECRET.encode(), SECRET.encode())

    shown = f"{code} {code!r} {[code]} {key} {key!r} {ParsedCodes((code,), (), 0)}"

    assert SECRET not in shown
