"""Money: integer minor units and an ISO 4217 currency, never a float."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Money:
    """`amount_minor` in the currency's minor unit (cents, fen, yen); currency in upper case."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.amount_minor < 0:
            raise ValueError(f"negative amount: {self.amount_minor}")
        if len(self.currency) != 3 or not self.currency.isupper():
            raise ValueError(f"not an ISO 4217 code: {self.currency!r}")

    def times(self, quantity: int) -> "Money":
        return Money(self.amount_minor * quantity, self.currency)


NO_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"}
    | {"VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def minor_digits(currency: str) -> int:
    """Decimals of an amount in this currency's own unit, by ISO 4217."""
    if currency in NO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def amount_text(money: Money) -> str:
    """`45.00 EUR`, `4500 JPY`."""
    digits = minor_digits(money.currency)
    units, rest = divmod(money.amount_minor, 10**digits)
    return f"{units}.{rest:0{digits}d} {money.currency}" if digits else f"{units} {money.currency}"
