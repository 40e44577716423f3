"""The merchant: a tenant of the deployment, and what it chose."""

import re
from dataclasses import dataclass, field

from scrip.domain.outcome import Action, Policy
from scrip.domain.reveal_watch import DEFAULT_LIMIT

MERCHANT_ID = re.compile(r"[a-z][a-z0-9-]{1,19}")
"""Chosen by the operator, part of callback URLs and of every key: short and readable."""

LOCALES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Merchant:
    """`order_url` holds `{order_id}` and `{token}`: where a buyer reads an order.

    `sealed_order_key` is the merchant's 32-byte order key wrapped by KMS. Order ids and order
    tokens derive from it, so neither has to be stored. `mail_codes` is the opt-in to codes in mail.
    `reveal_limit`: codes that one actor may read in an hour before somebody is told; 0 for any.
    `notify_email`: where the merchant itself is told of its stock; empty for nowhere.
    `payment_policy`: what it chose for payments that do not fit; `on_reversal`: for what a supplier
    charged and took back.
    """

    merchant_id: str
    name: str
    order_url: str
    locale: str
    mail_codes: bool
    sealed_order_key: bytes
    created_at_ms: int
    reveal_limit: int = DEFAULT_LIMIT
    notify_email: str = ""
    payment_policy: Policy = field(default_factory=dict)
    on_reversal: Action = Action.HOLD


def is_merchant_id(text: str) -> bool:
    return MERCHANT_ID.fullmatch(text) is not None
