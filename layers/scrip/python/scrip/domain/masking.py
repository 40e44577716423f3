"""A code as staff may see it: enough to tell two apart, too little to use one.

ABCD-EFGH-JKMN-7Q2M  ->  ABCD-****-****-7Q2M
"""

from scrip.domain.code import Code

SEPARATORS = "- "
SHOWN_AT_EACH_END = 4
HIDDEN_TENTHS_OF_BITS = 400
"""40 bits: who sees the rest guesses one in a million million, at whoever redeems the code."""

FULLY_MASKED = "********"
"""Of no code's length."""

DIGITS = frozenset("0123456789")
HEX = frozenset("0123456789ABCDEFabcdef")


def masked(code: Code) -> str:
    """The code without its middle; all of it masked where too little would be hidden. Never the
    PIN. At most half of the symbols are shown."""
    text = code.code
    places = [n for n, symbol in enumerate(text) if symbol not in SEPARATORS]
    shown = _shown_at_each_end([text[n] for n in places])
    if not shown:
        return FULLY_MASKED
    hidden = set(places[shown:-shown])
    return "".join("*" if n in hidden else symbol for n, symbol in enumerate(text))


def _shown_at_each_end(symbols: list[str]) -> int:
    if not all(symbol.isascii() and symbol.isalnum() for symbol in symbols):
        return 0  # an address, a sentence: what is guessable in it, nobody knows
    least_hidden = -(-HIDDEN_TENTHS_OF_BITS // _tenths_of_bits(frozenset(symbols)))
    spare = (len(symbols) - least_hidden) // 2
    return max(0, min(SHOWN_AT_EACH_END, spare, len(symbols) // 4))


def _tenths_of_bits(found: frozenset[str]) -> int:
    """What one symbol is worth at most, by the smallest usual alphabet that has all of these."""
    if found <= DIGITS:
        return 33
    if found <= HEX:
        return 40
    return 50 if found & DIGITS else 47
