"""Patterns of codes that Scrip makes itself: how they look, how typos show, how hard to guess.

A code is a prefix and groups of symbols; the last symbol checks the others (Luhn mod N), so that
most typos are told from guesses without asking anybody. `normalise` takes what people type.
"""

from dataclasses import dataclass
from math import log2

from scrip.domain.order_access import CROCKFORD

MIN_BITS = 75
"""What no warning is needed for: a billion codes sold, a million guesses a second, one hit in a
year."""

FLOOR_BITS = 32
"""Below, the merchant's own codes would meet each other; nobody may insist on that."""

MAX_GROUPS = 10
MAX_GROUP = 12
MAX_SYMBOLS = 40
MAX_PREFIX = 8
SEPARATORS = ("-", " ", "")
SMALLEST_ALPHABET, LARGEST_ALPHABET = 10, 36

LOOKALIKES = (("I", "1"), ("L", "1"), ("O", "0"), ("1", "I"), ("0", "O"))
"""Read as the second where the alphabet has that and not the first. Crockford's own: I, L, O."""

BETWEEN = dict.fromkeys(map(ord, "-_.\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\u00ad\ufeff"))
"""What people and programs put between groups, beside white space: dropped."""

FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF10, 0xFF5B)}
"""Digits and letters as Chinese keyboards write them."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """`alphabet`: distinct capital letters and digits. `groups`: symbols in each group as shown,
    the check symbol included, which is the last one where there is one."""

    alphabet: str = CROCKFORD
    groups: tuple[int, ...] = (4, 4, 4, 4)
    separator: str = "-"
    prefix: str = ""
    check: bool = True

    @property
    def symbols(self) -> int:
        return sum(self.groups)

    @property
    def random_symbols(self) -> int:
        return self.symbols - self.check

    @property
    def bits(self) -> float:
        """What a guesser has to guess: whoever guesses can compute a check symbol, too."""
        return self.random_symbols * log2(len(self.alphabet))


def why_not(pattern: Pattern) -> str | None:
    """What is wrong with a pattern, None if it can make codes."""
    alphabet = pattern.alphabet
    if not SMALLEST_ALPHABET <= len(alphabet) <= LARGEST_ALPHABET:
        return f"alphabet: {SMALLEST_ALPHABET} to {LARGEST_ALPHABET} symbols"
    if len(set(alphabet)) < len(alphabet) or not _plain(alphabet):
        return "alphabet: distinct capital letters and digits"
    if pattern.check and len(alphabet) % 2:
        return "alphabet: a check symbol needs an even number of symbols"
    if not _plain(pattern.prefix) or len(pattern.prefix) > MAX_PREFIX:
        return f"prefix: at most {MAX_PREFIX} capital letters and digits"
    if pattern.separator not in SEPARATORS:
        return "separator: a hyphen, a space or none"
    if not 1 <= len(pattern.groups) <= MAX_GROUPS:
        return f"groups: 1 to {MAX_GROUPS}"
    if not all(1 <= size <= MAX_GROUP for size in pattern.groups):
        return f"groups: 1 to {MAX_GROUP} symbols each"
    if pattern.symbols > MAX_SYMBOLS:
        return f"groups: at most {MAX_SYMBOLS} symbols in all"
    if pattern.bits < FLOOR_BITS:
        return f"{pattern.bits:.0f} bits: at least {FLOOR_BITS}, even if you insist"
    return None


def _plain(text: str) -> bool:
    return all("0" <= each <= "9" or "A" <= each <= "Z" for each in text)


def code_from(pattern: Pattern, randomness: bytes) -> str:
    """The code in its normal form. `randomness`: at least 16 bytes more than the code has, so that
    no symbol is likelier than another by anything that could be noticed."""
    left, body = int.from_bytes(randomness, "big"), ""
    for _ in range(pattern.random_symbols):
        left, place = divmod(left, len(pattern.alphabet))
        body += pattern.alphabet[place]
    if pattern.check:
        body += check_symbol(pattern.alphabet, body)
    return pattern.prefix + body


def shown(pattern: Pattern, code: str) -> str:
    """A code in normal form as people see it."""
    at, parts = len(pattern.prefix), [pattern.prefix] if pattern.prefix else []
    for size in pattern.groups:
        parts.append(code[at : at + size])
        at += size
    return pattern.separator.join(parts)


def normalise(pattern: Pattern, typed: str) -> str | None:
    """The normal form of what somebody typed; None if no code of this pattern looks so."""
    text = "".join(typed.split()).translate(BETWEEN | FULL_WIDTH).upper()
    prefix, body = text[: len(pattern.prefix)], text[len(pattern.prefix) :]
    if prefix != pattern.prefix or len(body) != pattern.symbols:
        return None
    for typed_as, meant in LOOKALIKES:
        if typed_as not in pattern.alphabet and meant in pattern.alphabet:
            body = body.replace(typed_as, meant)
    if not set(body) <= set(pattern.alphabet):
        return None
    if pattern.check and check_symbol(pattern.alphabet, body[:-1]) != body[-1]:
        return None
    return pattern.prefix + body


def check_symbol(alphabet: str, body: str) -> str:
    """Luhn mod N. Tells every single wrong symbol, and every swap of two neighbours but one: the
    alphabet's first symbol with its last."""
    total, factor = 0, 2
    for symbol in reversed(body):
        carry, rest = divmod(factor * alphabet.index(symbol), len(alphabet))
        total += carry + rest
        factor = 3 - factor
    return alphabet[-total % len(alphabet)]


def seconds_to_a_hit(bits: float, sold: int, guesses_per_second: int) -> float:
    """How long guessing takes, on average, until it finds one of the codes that were sold."""
    return float(2.0**bits / (sold * guesses_per_second))


SPANS = (("years", 31_557_600), ("days", 86_400), ("hours", 3_600), ("minutes", 60))


def span(seconds: float) -> str:
    """A length of time in words: `4 hours`."""
    for name, size in SPANS:
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:.0f} seconds"


def odds(pattern: Pattern, *, sold: int, guesses_per_second: int) -> str:
    """The guessing odds, in a sentence."""
    seconds = seconds_to_a_hit(pattern.bits, sold, guesses_per_second)
    return (
        f"{pattern.bits:.1f} bits: with {sold:,} keys sold and {guesses_per_second:,} guesses a "
        f"second, somebody guesses one every {span(seconds)}"
    )
