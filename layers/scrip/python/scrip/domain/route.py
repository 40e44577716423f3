"""Routes: which suppliers can deliver a variant, and in what order they are tried."""

from collections.abc import Sequence
from typing import NamedTuple

from scrip.domain.errors import RequestInvalid
from scrip.domain.goods import BY_SUPPLIERS, Kind
from scrip.domain.money import Money

MAX_ROUTES = 8


class Route(NamedTuple):
    """One supplier account, by the name that its merchant gave it, and that supplier's name of the
    good. `worth`: what the buyer gets, where the supplier must be told."""

    supplier: str
    sku: str
    worth: Money | None = None


def check_routes(kind: Kind, routes: Sequence[Route]) -> None:
    """Raises RequestInvalid."""
    if (kind in BY_SUPPLIERS) != bool(routes):
        raise RequestInvalid("routes: a variant of kind top_up or bought_code has some, no other")
    if len(routes) > MAX_ROUTES:
        raise RequestInvalid(f"routes: at most {MAX_ROUTES}")
    if len({(each.supplier, each.sku) for each in routes}) < len(routes):
        raise RequestInvalid("routes: one comes twice")
