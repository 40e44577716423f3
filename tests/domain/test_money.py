"""Money is whole minor units of a named currency."""

import pytest

from scrip.domain.money import Money, minor_digits


def test_money_multiplies_by_a_quantity() -> None:
    assert Money(4500, "EUR").times(3) == Money(13_500, "EUR")
    assert Money(4500, "EUR").times(0) == Money(0, "EUR")


def test_money_of_another_currency_is_another_money() -> None:
    assert Money(100, "EUR") != Money(100, "USD")


def test_money_is_never_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        Money(-1, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EU", "EURO", "E€"])
def test_a_currency_is_three_capitals(currency: str) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, currency)


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("CNY", 2), ("JPY", 0), ("KWD", 3)])
def test_a_currency_has_its_decimals(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
