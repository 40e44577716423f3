"""A code to sell, and the key that seals those of a batch."""

from dataclasses import dataclass

MAX_CODES_PER_IMPORT = 5_000
"""Of one request. A file may bring more: see `code_file`."""

MAX_CODE_LENGTH = 200
MAX_URL_LENGTH = 2_000
MAX_REASONS = 50
"""Refused rows that one answer names; the count is always complete."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code to sell, with its PIN if it has one. Its repr is masked, so a log cannot tell it.

    `note` is the merchant's own: sealed with the code, never shown to a buyer. `url`: where it is
    redeemed, `until`: its last day in its supplier's words; of codes that were bought of one.
    """

    code: str
    pin: str = ""
    note: str = ""
    url: str = ""
    until: str = ""

    def __repr__(self) -> str:
        return "Code(...)"


def code_told(code: str, pin: str = "", url: str = "", until: str = "") -> Code | None:
    """What a supplier sold, as it is kept; None where it is no code that could be shown. Some sell
    a link and nothing else, or a PIN: then that is the code."""
    parts = [each.strip() for each in (code, pin, url, until)]
    limits = (MAX_CODE_LENGTH, MAX_CODE_LENGTH, MAX_URL_LENGTH, MAX_CODE_LENGTH)
    if any(
        len(part) > most or not part.isprintable() for part, most in zip(parts, limits, strict=True)
    ):
        return None
    code, pin, url, until = parts
    if not code:
        code, pin = (pin, "") if pin else (url, "")
    return Code(code, pin, "", url if url != code else "", until) if code else None


@dataclass(frozen=True, slots=True)
class DataKey:
    """A batch's key: `plain` seals its codes, `sealed` is how it is kept."""

    sealed: bytes
    plain: bytes

    def __repr__(self) -> str:
        return "DataKey(...)"
