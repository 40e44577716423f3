"""Codes that suppliers sold: one for each unit, for ever, opened by its own name only."""

from dataclasses import replace

import pytest

from scrip.adapters.bought_codes import BoughtCodes
from scrip.domain.code import Code, code_told
from scrip.domain.errors import SealBroken
from scrip.domain.goods import Kind
from scrip.domain.line import Fate, Line
from scrip.domain.money import Money
from scrip.domain.top_up import Unit
from tests.buying_codes import kept_codes
from tests.domain.making import pending
from tests.in_memory import InMemory

CODE = Code("ABCD-1234", "99", "", "https://shop.example/redeem", "2030-01-31")
ANOTHER = Code("EFGH-5678", "99")


def line(*fates: Fate) -> Line:
    return Line(
        number=0,
        variant_id="game",
        quantity=len(fates),
        unit_price=Money(100, "EUR"),
        chunk=None,
        kind=Kind.BOUGHT_CODE,
        fates=fates,
    )


@pytest.fixture
def codes(cloud: InMemory) -> BoughtCodes:
    return kept_codes(cloud)


def unit(number: int) -> Unit:
    order = pending(line(Fate.DONE))
    return Unit(order.merchant_id, order.order_id, 0, number)


def test_the_same_again_is_kept_and_another_is_not(codes: BoughtCodes) -> None:
    assert codes.keep(unit(0), CODE, "R0", 1)
    assert codes.keep(unit(0), CODE, "R1", 2)

    assert not codes.keep(unit(0), ANOTHER, "R0", 3)
    assert not codes.keep(unit(0), replace(CODE, pin="98"), "R0", 3)

    sold = line(Fate.DONE)
    assert codes.open_line(pending(sold), sold) == [CODE]
    item = codes.table.get({"pk": "#".join(map(str, unit(0)))})
    assert item
    assert (item["reference"], item["kept_at_ms"]) == ("R0", 1)
    assert b"ABCD" not in item["ciphertext"]


def test_units_that_are_not_done_have_none(codes: BoughtCodes) -> None:
    for number in range(4):
        codes.keep(unit(number), Code(f"CODE-{number}"), "R", 1)

    sold = line(Fate.OPEN, Fate.DONE, Fate.FAILED, Fate.REVERSED)

    assert codes.open_line(pending(sold), sold) == [Code("CODE-1"), Code("CODE-3")]
    assert (sold.units_claimed, sold.units_delivered, sold.units_missing) == (2, 2, 0)


def test_a_code_opens_as_its_own_unit_only(codes: BoughtCodes) -> None:
    codes.keep(unit(0), CODE, "R", 1)
    item = codes.table.get({"pk": "#".join(map(str, unit(0)))})
    assert item
    codes.table.put(item | {"pk": "#".join(map(str, unit(1)))})
    sold = line(Fate.DONE, Fate.DONE)

    with pytest.raises(SealBroken):
        codes.open_line(pending(sold), sold)


def test_one_that_is_gone_is_a_broken_seal(codes: BoughtCodes) -> None:
    sold = line(Fate.DONE)

    assert not codes.has(unit(0))
    with pytest.raises(SealBroken):
        codes.open_line(pending(sold), sold)
    with pytest.raises(SealBroken):
        codes.shred(unit(0))


def test_what_was_blanked_out_by_somebody_was_not_shredded(codes: BoughtCodes) -> None:
    codes.keep(unit(0), CODE, "R", 1)
    codes.keep(unit(1), CODE, "R", 1)
    codes.shred(unit(0))
    key = {"pk": "#".join(map(str, unit(1)))}
    codes.table.update(key, "SET ciphertext = :blank", values={":blank": bytes(16)})
    sold = line(Fate.DONE)

    assert codes.open_line(pending(sold), sold) == [None]
    sold = line(Fate.OPEN, Fate.DONE)
    with pytest.raises(SealBroken):
        codes.open_line(pending(sold), sold)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (("A1",), Code("A1")),
        ((" A1 ", "", "", ""), Code("A1")),
        (
            ("A1", "99", "https://a.example", "2030"),
            Code("A1", "99", "", "https://a.example", "2030"),
        ),
        (("", "99"), Code("99")),
        (("", "", "https://a.example/1"), Code("https://a.example/1")),
        (("", ""), None),
        (("A1\nB2",), None),
        (("A" * 201,), None),
        (("A1", "", "h" * 2001), None),
    ],
)
def test_what_a_supplier_tells_is_a_code_or_none(told: tuple[str, ...], kept: Code | None) -> None:
    assert code_told(*told) == kept
    assert "A1" not in repr(kept)
