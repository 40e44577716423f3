"""How the keys of a product are made, and what they are good for.

All of it but the activation limit stays as it was first put: a key is derived again each time its
buyer reads it, and must come out the same.
"""

from dataclasses import dataclass

from scrip.domain.errors import PatternWeak, RequestInvalid
from scrip.domain.key_pattern import MIN_BITS, Pattern, odds, why_not

DAY_MS = 86_400_000
MAX_VALIDITY_DAYS = 36_500
MAX_ACTIVATIONS = 100
"""Devices of one key. They are kept in one item of the table."""

MAX_FEATURES = 8
MAX_FEATURE = 20
"""Symbols. A licence that names them all still fits into one line of a mail (998 bytes)."""

TYPICAL_SALES = 10_000
"""Keys sold, for the guessing odds of a pattern."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """`pattern` None: a signed licence instead of a short key, which names `features`.

    `validity_days` from delivery; 0: for ever.
    """

    pattern: Pattern | None
    features: tuple[str, ...]
    validity_days: int
    activation_limit: int

    @property
    def makes(self) -> tuple[Pattern | None, tuple[str, ...], int]:
        """What may not change."""
        return self.pattern, self.features, self.validity_days

    def until_ms(self, delivered_at_ms: int) -> int:
        """When a key ends that was delivered then; 0: never."""
        return delivered_at_ms + self.validity_days * DAY_MS if self.validity_days else 0


def warning_of(recipe: Recipe, guesses_per_second: int) -> str:
    """What the merchant must know of a pattern that can be guessed; empty if it cannot."""
    if recipe.pattern is None or recipe.pattern.bits >= MIN_BITS:
        return ""
    return odds(recipe.pattern, sold=TYPICAL_SALES, guesses_per_second=guesses_per_second)


def check_recipe(recipe: Recipe, *, accept_weak: bool, guesses_per_second: int) -> None:
    """Raises RequestInvalid, PatternWeak."""
    if recipe.pattern is None:
        return
    if recipe.features:
        raise RequestInvalid("features: only a licence can name them, and a key has a pattern")
    if flaw := why_not(recipe.pattern):
        raise RequestInvalid(flaw)
    warning = warning_of(recipe, guesses_per_second)
    if warning and not accept_weak:
        raise PatternWeak(f"{warning}. Lengthen it to {MIN_BITS} bits, or send accept_weak")
