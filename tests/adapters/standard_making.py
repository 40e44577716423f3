"""A shop's account with a small provider, set up as docs/payments.md shows."""

from typing import Any

import msgspec
from botocore.httpsession import URLLib3Session

from scrip.adapters.gateways.standard import StandardGateway, StandardSecrets
from tests.domain.making import NOW_MS
from tests.oracles.standard_bridge import OWN_SECRET, STANDARD_SECRET

NOW = NOW_MS // 1000
SET_UP: dict[str, Any] = {
    "merchant_id": "demo",
    "live": False,
    "webhook_secrets": [STANDARD_SECRET],
    "own_secret": OWN_SECRET,
    "checkout_url": (
        "https://pay.example.com/checkout?shop={merchant_id}&order={order_id}&amount={amount}"
        "&currency={currency}&back={return_url}&until={expires_at}&signature={signature}"
    ),
    "events": {
        "fields": {
            "order_id": "data.metadata.order_id",
            "merchant_id": "data.metadata.shop",
            "transaction_id": "data.id",
            "amount": "data.amount",
            "currency": "data.currency",
            "refund_id": "data.refund.number",
            "refund_ref": "data.refund.id",
            "refund_amount": "data.refund.amount",
            "dispute_id": "data.dispute.id",
            "reason": "data.reason",
            "live": "data.livemode",
            "account": "data.account",
        },
        "types": {
            "payment.succeeded": "paid",
            "payment.failed": "unpaid",
            "refund.succeeded": "refunded",
            "refund.pending": "refund_pending",
            "refund.failed": "refund_failed",
            "dispute.created": "disputed",
            "dispute.won": "dispute_won",
            "dispute.lost": "dispute_lost",
        },
        "amounts": "decimal",
        "account": "acct_demo",
    },
    "bridge_url": "https://shop.example.com/scrip/bridge",
}


def secrets(**changes: Any) -> StandardSecrets:
    return msgspec.convert({**SET_UP, **changes}, type=StandardSecrets)


def gateway(bridge: str = "", **changes: Any) -> StandardGateway:
    return StandardGateway(secrets(**changes), bridge, URLLib3Session(timeout=1))
