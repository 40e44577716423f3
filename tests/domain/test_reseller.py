"""What a reseller pays, and how far its balance goes."""

from dataclasses import replace

import pytest

from scrip.domain.money import Money
from scrip.domain.resale_refusals import BalanceInsufficient
from scrip.domain.reseller import Reseller

ACME = Reseller("demo", "acme", "Acme", "EUR", 1, b"sealed")


@pytest.mark.parametrize(
    ("discount_bp", "usual", "price"),
    [
        (0, 4500, 4500),
        (250, 4500, 4388),  # 112.5 is off as 112
        (250, 39, 39),
        (250, 40, 39),
        (9900, 1, 1),
        (9900, 100, 1),
        (9900, 99_999_999, 1_000_000),
    ],
)
def test_a_discount_is_rounded_down(discount_bp: int, usual: int, price: int) -> None:
    reseller = replace(ACME, discount_bp=discount_bp)

    assert reseller.price("card", Money(usual, "EUR")) == Money(price, "EUR")


def test_a_price_of_its_own_knows_no_discount() -> None:
    reseller = replace(ACME, discount_bp=5000, prices={"card": 4100})

    assert reseller.price("card", Money(4500, "EUR")).amount_minor == 4100
    assert reseller.price("pass", Money(4500, "EUR")).amount_minor == 2250


def test_what_is_taken_is_covered_by_balance_and_credit() -> None:
    reseller = replace(ACME, balance_minor=100, credit_minor=50)

    assert reseller.after(-150) == -50
    assert reseller.after(7) == 107
    with pytest.raises(BalanceInsufficient, match="151 EUR"):
        reseller.after(-151)


def test_money_comes_in_however_much_is_missing() -> None:
    assert replace(ACME, balance_minor=-100, credit_minor=50).after(1) == -99


def test_secrets_are_not_shown() -> None:
    assert "sealed" not in repr(ACME)
