"""Routes: which suppliers can deliver a variant, and in what order they are tried."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from scrip.domain.errors import RequestInvalid
from scrip.domain.goods import BY_SUPPLIERS, Kind
from scrip.domain.money import Money

MAX_ROUTES = 8


class Preference(Enum):
    """Which of several routes is tried first."""

    CHEAPEST = "cheapest"
    LISTED = "listed"


class Routing(NamedTuple):
    """How a merchant has routes chosen. `margin_percent`: of the price that must be left where the
    supplier is paid in the price's currency; below 0: so much may be lost."""

    preference: Preference = Preference.CHEAPEST
    margin_percent: int = 0


USUAL = Routing()


class Barred(Enum):
    """Why nothing goes by a route for now."""

    AVAILABILITY = "availability"
    PRICE = "price"
    BALANCE = "balance"


class Halt(NamedTuple):
    """A variant that none of its routes can deliver is not sold, whatever its merchant's status
    says. `why`: of all routes; nothing: it was, and is sold again. `told`: its merchant knows."""

    why: tuple[Barred, ...]
    since_ms: int
    told: bool = False


class Route(NamedTuple):
    """One supplier account, by the name that its merchant gave it, and that supplier's name of the
    good. `worth`: what the buyer gets, where the supplier must be told. `max_cost`: the most that a
    unit may cost there, in the supplier's currency."""

    supplier: str
    sku: str
    worth: Money | None = None
    max_cost: Money | None = None


def check_routes(kind: Kind, routes: Sequence[Route]) -> None:
    """Raises RequestInvalid."""
    if (kind in BY_SUPPLIERS) != bool(routes):
        raise RequestInvalid("routes: a variant of kind top_up or bought_code has some, no other")
    if len(routes) > MAX_ROUTES:
        raise RequestInvalid(f"routes: at most {MAX_ROUTES}")
    if len({(each.supplier, each.sku) for each in routes}) < len(routes):
        raise RequestInvalid("routes: one comes twice")
