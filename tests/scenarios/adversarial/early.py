"""Callbacks that come before the provider's own answer."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.scenarios.adversarial.accounts import Account
from tests.shop import Reply


class Opened(NamedTuple):
    """Where a stand-in writes down what it opens, and whose order that is."""

    book: str
    order_id: Callable[[Mapping[str, Any]], str]


EARLY = {
    "stripe": Opened("payments", lambda made: str(made["metadata"]["order_id"])),
    "paypal": Opened(
        "orders", lambda made: str(made["purchase_units"][0]["custom_id"]).partition("/")[2]
    ),
}
"""Those that can be paid by what they are told to open, before they have answered."""


class Told(dict[str, Any]):
    """A book that tells of each new entry at once."""

    def __init__(self, known: Mapping[str, Any], tell: Callable[[str, Any], None]) -> None:
        super().__init__(known)
        self.tell = tell

    def __setitem__(self, key: str, value: Any) -> None:
        new = key not in self
        super().__setitem__(key, value)
        if new:
            self.tell(key, value)


@contextmanager
def telling(account: Account, tell: Callable[[Reply], None]) -> Iterator[None]:
    """Meanwhile `tell` is told of each payment that is opened, as its placing will be answered."""
    where = EARLY[account.provider]
    known = getattr(account.book, where.book)

    def opened(reference: str, made: Mapping[str, Any]) -> None:
        answer = {"order": {"order_id": where.order_id(made)}, "payment": {"reference": reference}}
        tell(Reply(201, {}, json.dumps(answer)))

    told = Told(known, opened)
    setattr(account.book, where.book, told)
    try:
        yield
    finally:
        setattr(account.book, where.book, dict(told))
