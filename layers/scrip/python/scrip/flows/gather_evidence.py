"""All that a shop can show of an order when its payment is disputed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from scrip.domain.catalogue import Variant
from scrip.domain.evidence import Entry, Happening, happenings_of
from scrip.domain.order import OrderRecord
from scrip.steps.known_order import OrderReader, known_order


class Catalogue(Protocol):
    def variants(self, merchant_id: str, variant_ids: Sequence[str]) -> Mapping[str, Variant]: ...


class Audit(Protocol):
    def trail(self, merchant_id: str, order_id: str) -> Sequence[Entry]: ...


class Evidence(NamedTuple):
    """`titles`: of the variants sold, as they are called now."""

    record: OrderRecord
    titles: Mapping[str, str]
    happenings: Sequence[Happening]


def gather_evidence(
    merchant_id: str, order_id: str, *, orders: OrderReader, catalogue: Catalogue, audit: Audit
) -> Evidence:
    """Raises OrderUnknown, StoreUnavailable."""
    record = known_order(merchant_id, order_id, orders)
    sold = [line.variant_id for line in record.order.lines]
    titles = {
        variant_id: variant.title
        for variant_id, variant in catalogue.variants(merchant_id, sold).items()
    }
    return Evidence(record, titles, happenings_of(record, audit.trail(merchant_id, order_id)))
