"""A code to sell, and the key that seals those of a batch."""

from dataclasses import dataclass

MAX_CODES_PER_IMPORT = 5_000
"""Of one request. A file may bring more: see `code_file`."""

MAX_CODE_LENGTH = 200
MAX_REASONS = 50
"""Refused rows that one answer names; the count is always complete."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code to sell, with its PIN if it has one. Its repr is masked, so a log cannot tell it.

    `note` is the merchant's own: sealed with the code, never shown to a buyer.
    """

    code: str
    pin: str = ""
    note: str = ""

    def __repr__(self) -> str:
        return "Code(...)"


@dataclass(frozen=True, slots=True)
class DataKey:
    """A batch's key: `plain` seals its codes, `sealed` is how it is kept."""

    sealed: bytes
    plain: bytes

    def __repr__(self) -> str:
        return "DataKey(...)"
