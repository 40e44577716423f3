"""What a dialect does: reads a supplier's real requests, writes its real answers and callbacks."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from urllib.parse import parse_qs

from scrip.domain.supplier_terms import Terms
from tests.suppliers.book import Book, Duplicate, Missing, Order, OrderState, Refused, Taken


class Request(NamedTuple):
    """`path` without the query. Header names are in lower case. `now_ms`: by the supplier's own
    clock, which may be off."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    now_ms: int

    @property
    def parameters(self) -> dict[str, str]:
        """The first of each name."""
        return {name: found[0] for name, found in parse_qs(self.query).items()}


@dataclass(frozen=True)
class Wire:
    """An answer as it leaves."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Send:
    reference: str
    sku: str
    account: str


@dataclass(frozen=True)
class Ask:
    """`number`: the supplier's own, where it is asked by that one: then the reference is empty."""

    reference: str = ""
    number: str = ""


@dataclass(frozen=True)
class Details(Ask):
    """What is handed over for one: its code."""


@dataclass(frozen=True)
class Balance:
    pass


@dataclass(frozen=True)
class Quote:
    sku: str


@dataclass(frozen=True)
class Check:
    sku: str
    account: str


Asked = Send | Ask | Balance | Quote | Check
Found = Taken | Duplicate | Missing | Refused | None
"""None: of a balance, a quote, or a check that found nothing wrong: the book has it."""


class Callback(NamedTuple):
    """What a supplier sends to us by itself. Header names are in lower case."""

    body: bytes
    headers: dict[str, str]


class Dialect(Protocol):
    """One supplier's protocol. It never uses our adapter's code: signatures are reckoned anew."""

    @property
    def terms(self) -> Terms:
        """Of our adapter: the book behaves as they say."""
        ...

    @property
    def signs(self) -> bool:
        """Whether its answers are signed: if not, none can be signed wrongly."""
        ...

    def read(self, request: Request) -> Asked | Refused | Wire:
        """What is asked. Refused: the supplier does not believe who asks. Wire: an answer that
        needs no book, for example to who asks for a token."""
        ...

    def write(self, asked: Asked | Refused, found: Found, book: Book, now_ms: int) -> Wire: ...

    def busy(self) -> Wire:
        """To who asks too often."""
        ...

    def mistaken(self, wire: Wire) -> Wire:
        """The same answer as somebody else would sign it. Called where `signs`."""
        ...

    def callback(self, order: Order, state: OrderState, now_ms: int) -> Callback | None:
        """None: this supplier tells nothing by itself."""
        ...
