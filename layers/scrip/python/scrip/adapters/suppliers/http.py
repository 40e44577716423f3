"""One exchange with a supplier: an answer, nothing sent, or nothing known; and what each means.

Nothing of a body is kept or told: accounts, phones and codes are in them.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters import http as requests
from scrip.adapters.http import HttpAnswer, NoAnswer
from scrip.domain.attempt import Said
from scrip.domain.errors import SupplierAnswerInvalid, SupplierUnavailable
from scrip.domain.money import Money, minor_digits
from scrip.domain.supplier_terms import Meaning

MOST_BYTES = 1 << 20
UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
"""What decoding raises for what is no JSON, not in UTF-8 or of another shape."""

MOST_DIGITS = 15
LARGEST_MINOR = 10**MOST_DIGITS
TOO_MANY = 429
ABOUT_SENDING = (Meaning.REFUSED, Meaning.NOT_SENT)


class NothingHeard(SupplierUnavailable):
    """A supplier gave no whole answer. `sent`: a byte of the request may have left."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent

    @property
    def said(self) -> Said:
        meaning = Meaning.UNCLEAR if self.sent else Meaning.NOT_SENT
        return Said(meaning, str(self), trouble=True)


def exchange(
    http: URLLib3Session,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    most_bytes: int = MOST_BYTES,
) -> HttpAnswer:
    """Raises NothingHeard."""
    try:
        return requests.send(http, method, url, headers, body, most_bytes)
    except NoAnswer as error:
        # What botocore says names the whole address, and there may be an account in its query.
        raise NothingHeard(str(error), sent=error.sent) from None


def in_service(answer: HttpAnswer) -> HttpAnswer:
    """An answer of a supplier whose statuses count. Raises SupplierUnavailable: it is in a hurry,
    or something of its broke."""
    if answer.status == TOO_MANY or answer.status >= 500:
        raise SupplierUnavailable(f"status {answer.status}")
    return answer


def decoded(content: bytes, shape: Any) -> Any:
    """Raises SupplierAnswerInvalid, without a word of the content."""
    try:
        return msgspec.json.decode(content, type=shape)
    except UNREADABLE:
        raise SupplierAnswerInvalid("it does not fit") from None


def minor_of(amount: Decimal, currency: str, rounding: str, places: int | None = None) -> Money:
    """An amount in a currency's own unit, or in one of so many `places`. Suppliers count parts of a
    cent: `rounding` is how those are rounded, a cost up and a balance down.

    Raises SupplierAnswerInvalid."""
    if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise SupplierAnswerInvalid("not a currency")
    # Not an infinity, and none that takes long to write out.
    if not amount.is_finite() or abs(amount.adjusted()) > MOST_DIGITS:
        raise SupplierAnswerInvalid("not an amount")
    moved = amount.scaleb(minor_digits(currency) if places is None else places)
    minor = int(moved.to_integral_value(rounding))
    if not 0 <= minor < LARGEST_MINOR:
        raise SupplierAnswerInvalid("not an amount")
    return Money(minor, currency)


def answer_to_order(sending: Callable[[], Said]) -> Said:
    """What a supplier said to an order. All that is no answer of its own is unclear, but for what
    never left."""
    try:
        return sending()
    except NothingHeard as error:
        return error.said
    except (SupplierUnavailable, SupplierAnswerInvalid) as error:
        return Said(Meaning.UNCLEAR, error.slug, trouble=True)


def answer_to_question(asking: Callable[[], Said]) -> Said:
    """What a supplier said of an order that it was asked about. That the question was refused, or
    never left, says nothing of the order."""
    said = answer_to_order(asking)
    return replace(said, meaning=Meaning.UNCLEAR) if said.meaning in ABOUT_SENDING else said
