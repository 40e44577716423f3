"""What is known of the routes of a variant, and by which a new order would go."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from scrip.domain.catalogue import Variant
from scrip.domain.errors import VariantUnknown
from scrip.domain.routing import Choice, Wanted, choose
from scrip.domain.standing import Standing


class Catalogue(Protocol):
    def variants(self, merchant_id: str, variant_ids: Sequence[str]) -> dict[str, Variant]: ...


class Standings(Protocol):
    def of_all(self, merchant_id: str, accounts: Iterable[str]) -> dict[str, Standing]: ...


class Routes(NamedTuple):
    """A variant, the standings of its accounts, and the choice for a new order."""

    variant: Variant
    standings: Mapping[str, Standing]
    choice: Choice


def read_routes(
    merchant_id: str, variant_id: str, *, now_ms: int, catalogue: Catalogue, standings: Standings
) -> Routes:
    """Raises VariantUnknown."""
    variant = catalogue.variants(merchant_id, [variant_id]).get(variant_id)
    if variant is None:
        raise VariantUnknown(variant_id)
    accounts = {route.supplier for route in variant.routes}
    known = standings.of_all(merchant_id, accounts) if accounts else {}
    wanted = Wanted(variant.price, variant.routing, placed=False)
    return Routes(variant, known, choose(wanted, variant.routes, known, now_ms))
