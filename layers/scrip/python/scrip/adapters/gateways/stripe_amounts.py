"""Amounts as Stripe counts them, not always by ISO 4217. Source: docs.stripe.com/currencies."""

from scrip.domain.errors import PaymentProviderRefused, RequestInvalid
from scrip.domain.money import Money

HUNDREDFOLD = frozenset({"ISK", "UGX"})
"""Zero-decimal by ISO 4217, yet Stripe counts hundredths of them, in steps of 100."""

HUNDREDTH = frozenset({"MGA"})
"""Two-decimal by ISO 4217, yet Stripe counts whole units."""

THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Stripe wants the last digit to be 0."""

BEYOND_ALL = 10**15
"""Stripe charges twelve digits at most. A table would not hold just any number."""


def to_stripe(money: Money) -> int:
    """Raises PaymentProviderRefused when Stripe cannot charge this amount."""
    if money.currency in HUNDREDFOLD:
        return money.amount_minor * 100
    if money.currency in HUNDREDTH:
        return _divided(money, 100)
    if money.currency in THREE_DECIMALS:
        return _divided(money, 10) * 10
    return money.amount_minor


def from_stripe(amount: int, currency: str) -> Money:
    """Raises RequestInvalid for what Stripe would never send."""
    if len(currency) != 3 or not (currency.isascii() and currency.isupper()):
        raise RequestInvalid("not a currency")
    if not 0 <= amount < BEYOND_ALL:
        raise RequestInvalid("an amount below nothing or beyond all money")
    if currency in HUNDREDFOLD:
        if amount % 100:
            raise RequestInvalid(f"{currency} comes in steps of 100")
        return Money(amount // 100, currency)
    return Money(amount * 100 if currency in HUNDREDTH else amount, currency)


def _divided(money: Money, by: int) -> int:
    whole, rest = divmod(money.amount_minor, by)
    if rest:
        raise PaymentProviderRefused(f"{money.currency} is charged in steps of {by}")
    return whole
