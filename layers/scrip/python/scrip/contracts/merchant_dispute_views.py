"""What the merchant's bodies say of frozen orders and of evidence."""

from collections.abc import Mapping, Sequence

from scrip.contracts.merchant_disputes import (
    EvidenceView,
    HappeningView,
    OrderFreeze,
    SoldLine,
    dispute_views,
)
from scrip.domain.evidence import Happening, access_log
from scrip.domain.order import OrderRecord


def order_freeze(record: OrderRecord) -> OrderFreeze:
    order = record.order
    return OrderFreeze(order.order_id, order.frozen, dispute_views(record.disputes))


def evidence_view(
    record: OrderRecord, titles: Mapping[str, str], happenings: Sequence[Happening]
) -> EvidenceView:
    order, total = record.order, record.order.total
    return EvidenceView(
        order_id=order.order_id,
        email=order.email,
        amount_minor=total.amount_minor,
        currency=total.currency,
        lines=[
            SoldLine(
                line.number,
                line.variant_id,
                titles.get(line.variant_id, line.variant_id),
                line.quantity,
                line.unit_price.amount_minor,
                line.units_claimed,
            )
            for line in order.lines
        ],
        happened=[HappeningView(*each) for each in happenings],
        access_log=access_log(happenings),
        disputes=dispute_views(record.disputes),
    )
