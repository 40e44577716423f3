"""Amounts as PayPal writes them: decimal text. Source: developer.paypal.com/api/rest/reference/
currency-codes."""

from scrip.domain.errors import PaymentProviderRefused
from scrip.domain.money import Money, minor_digits

WHOLE_ONLY = frozenset({"HUF", "JPY", "TWD"})
"""PayPal takes no decimals of these. ISO 4217 counts hundredths of HUF and TWD."""


def to_paypal(money: Money) -> str:
    """Raises PaymentProviderRefused when PayPal cannot charge this amount."""
    digits = minor_digits(money.currency)
    whole, rest = divmod(money.amount_minor, 10**digits)
    if money.currency in WHOLE_ONLY:
        if rest:
            raise PaymentProviderRefused(f"PayPal takes no fractions of {money.currency}")
        return str(whole)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)


def minor_of(value: str, currency: str) -> int:
    """`value` as `4.50` or `-0.30`, in minor units. Raises ValueError for anything else: never a
    float, never rounded."""
    sign, digits = (-1, value[1:]) if value.startswith("-") else (1, value)
    whole, _, fraction = digits.partition(".")
    places = minor_digits(currency)
    if not (whole + (fraction or "0")).isascii() or not (whole + (fraction or "0")).isdecimal():
        raise ValueError("not a decimal number")
    if not whole or len(value) > 20 or fraction[places:].strip("0"):
        raise ValueError(f"not an amount of {currency}")
    return sign * int(whole + fraction[:places].ljust(places, "0"))
