"""Importing a file of codes: all or nothing at first, and never twice."""

from pathlib import Path

import pytest

from infra.admin import codes as command
from scrip.adapters.stock import Stock
from scrip.domain.errors import StoreUnavailable
from tests.admin.operator import Operator
from tests.ending import give_an_end
from tests.shop import Shop

CODES = [f"CODE-{n:05d}" for n in range(7)]


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "SLICE", 3)


def written(folder: Path, text: str, name: str = "codes.txt") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def sold_out_of(shop: Shop, variant: str, how_many: int) -> list[str]:
    """Buys that many codes, one order each."""
    found = []
    for _ in range(how_many):
        placed = shop.place({variant: 1})
        assert shop.pay(placed).json["outcome"] == "delivered"
        found += shop.codes(placed)
    return sorted(found)


def stock(operator: Operator) -> tuple[int, int]:
    [level] = operator.done("stock", "show", "acme", "card")["variants"]
    return level["imported"], level["available"]


def test_a_text_file_goes_on_sale_in_slices(operator: Operator, acme: Shop, tmp_path: Path) -> None:
    acme.put_variant("card")

    answer = operator.done("codes", "import", "acme", "card", written(tmp_path, "\n".join(CODES)))

    assert answer == {
        "variant_id": "card",
        "imported": 7,
        "imported_before": 0,
        "known": 0,
        "duplicates": 0,
    }
    assert stock(operator) == (7, 7)
    assert sold_out_of(acme, "card", 7) == CODES
    assert stock(operator) == (7, 0)


def test_a_csv_file_brings_pins(operator: Operator, acme: Shop, tmp_path: Path) -> None:
    acme.put_variant("card")
    file = written(tmp_path, "code,pin\nAAAA,1111\n", "codes.csv")

    operator.done("codes", "import", "acme", "card", file)

    placed = acme.place({"card": 1})
    acme.pay(placed)
    [code] = acme.reveal(placed).json["codes"]
    assert (code["code"], code["pin"]) == ("AAAA", "1111")


def test_the_format_may_be_said(operator: Operator, acme: Shop, tmp_path: Path) -> None:
    acme.put_variant("card")
    file = written(tmp_path, "code\nAAAA\n", "export.dat")

    unsaid = operator.run("codes", "import", "acme", "card", file)
    said = operator.done("codes", "import", "acme", "card", file, "--format", "csv")

    assert unsaid.exit_code == 2
    assert ".dat" in unsaid.stderr
    assert said["imported"] == 1


def test_a_code_that_stands_twice_goes_in_once_even_across_slices(
    operator: Operator, acme: Shop, tmp_path: Path
) -> None:
    acme.put_variant("card")
    file = written(tmp_path, "\n".join([*CODES, CODES[0], CODES[6]]))

    answer = operator.done("codes", "import", "acme", "card", file)

    assert (answer["imported"], answer["duplicates"]) == (7, 2)
    assert stock(operator) == (7, 7)


def test_importing_a_file_again_doubles_nothing(
    operator: Operator, acme: Shop, tmp_path: Path
) -> None:
    acme.put_variant("card")
    operator.done("codes", "import", "acme", "card", written(tmp_path, "\n".join(CODES)))
    saved_anew = written(tmp_path, "\r\n".join([*CODES, "", ""]), "saved anew.txt")

    again = operator.done("codes", "import", "acme", "card", saved_anew)

    assert (again["imported"], again["imported_before"]) == (0, 7)
    assert stock(operator) == (7, 7)


@pytest.mark.parametrize("method", ["find_batch", "add_chunks", "publish"])
@pytest.mark.parametrize("done", [False, True], ids=["before", "answer lost"])
def test_an_import_killed_midway_goes_on_without_doubling(
    operator: Operator,
    acme: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    done: bool,
) -> None:
    acme.put_variant("card")
    file = written(tmp_path, "\n".join(CODES))
    calls = []
    original = getattr(Stock, method)

    def dies_in_the_second_slice(*arguments: object) -> object:
        calls.append(1)
        if len(calls) != 2:
            return original(*arguments)
        if done:
            original(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(Stock, method, dies_in_the_second_slice)

    killed = operator.run("codes", "import", "acme", "card", file)

    assert killed.exit_code == 1
    assert "3 of 7 codes are in; run it again to go on" in killed.stderr

    monkeypatch.undo()
    monkeypatch.setattr(command, "SLICE", 3)
    again = operator.done("codes", "import", "acme", "card", file)

    assert again["imported"] + again["imported_before"] == 7
    assert stock(operator) == (7, 7)
    assert sold_out_of(acme, "card", 7) == CODES


def test_a_store_that_does_not_answer_is_told_apart(
    operator: Operator, acme: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.put_variant("card")

    def busy(*_: object) -> None:
        raise StoreUnavailable("ThrottlingException")

    monkeypatch.setattr(Stock, "publish", busy)

    error = operator.refused("codes", "import", "acme", "card", written(tmp_path, CODES[0]))

    assert (error["type"], error["outcome"]) == ("store-unavailable", "retryable")


def test_refused_rows_are_told_by_number_before_anything_is_imported(
    operator: Operator, acme: Shop, tmp_path: Path
) -> None:
    acme.put_variant("card")
    rows = [*CODES[:4], "X" * 201, *CODES[4:], "bad\x07row"]
    file = written(tmp_path, "\n".join(rows))

    result = operator.run("codes", "import", "acme", "card", file)
    error = operator.refused("codes", "import", "acme", "card", file)

    assert [row["row"] for row in error["rows"]] == [5, 9]
    assert error["type"] == "codes-refused"
    assert result.stderr.splitlines()[0] == "row 5: longer than 200 characters"
    assert "XXXX" not in result.output
    assert stock(operator) == (0, 0)


def test_files_that_hold_no_codes_are_refused(
    operator: Operator, acme: Shop, tmp_path: Path
) -> None:
    acme.put_variant("card")
    binary = tmp_path / "codes.txt"
    binary.write_bytes(b"\xff\xfe\x00")
    empty = written(tmp_path, "\n \n", "empty.txt")

    assert operator.refused("codes", "import", "acme", "card", str(binary))["type"] == (
        "request-malformed"
    )
    assert operator.refused("codes", "import", "acme", "card", empty)["type"] == "codes-refused"
    assert operator.run("codes", "import", "acme", "card", "missing.txt").exit_code == 2


def test_codes_for_nothing_are_refused(operator: Operator, acme: Shop, tmp_path: Path) -> None:
    file = written(tmp_path, CODES[0])

    assert operator.refused("codes", "import", "acme", "card", file)["type"] == "variant-unknown"
    assert operator.refused("codes", "import", "nobody", "card", file)["type"] == "merchant-unknown"
    assert operator.refused("stock", "show", "acme", "card")["type"] == "variant-unknown"


def test_no_code_is_ever_told(operator: Operator, acme: Shop, tmp_path: Path) -> None:
    acme.put_variant("card")

    result = operator.run(
        "codes", "import", "acme", "card", written(tmp_path, "\n".join([*CODES, CODES[0]]))
    )

    assert result.stdout == "7 codes on sale; 1 stood in the file twice and went in once\n"
    assert not any(code in result.output for code in CODES)


def test_the_stock_of_all_variants_is_shown(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", CODES)
    acme.stock_up("pass", ["PASS-1", "PASS-2", "PASS-3"])

    answer = operator.done("stock", "show", "acme")
    lines = operator.run("stock", "show", "acme").stdout.splitlines()

    assert answer["merchant_id"] == "acme"
    assert answer["variants"][1] == {
        "variant_id": "pass",
        "imported": 3,
        "available": 3,
        "kept": 0,
        "expired": 0,
        "shelves": [{"until_ms": None, "available": 3, "kept": 0}],
        "sold_per_day": 0,
        "days_left": None,
        "synced": None,
    }
    assert [line.split() for line in lines[1:]] == [
        ["card", "7", "7", "0", "0", "0.0"],
        ["pass", "3", "3", "0", "0", "0.0"],
    ]


def test_the_next_end_of_codes_is_shown(operator: Operator, acme: Shop) -> None:
    acme.stock_up("card", CODES)
    give_an_end(operator.cloud.table("stock"), "card", 4_000_000_000_000, "acme")
    acme.stock_up("card", ["MORE-1", "MORE-2"])

    line = operator.run("stock", "show", "acme", "card").stdout.splitlines()[1]

    assert line.split() == ["card", "9", "9", "0", "0", "2096-10-02T07:06:40Z", "(7)", "0.0"]
