"""What a storefront asks for when it places an order."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line. `filled`: what the buyer filled in, by field, where the good has a form."""

    variant_id: str
    quantity: int
    filled: Mapping[str, str] = field(default_factory=dict, repr=False)


class Paying(NamedTuple):
    """By which provider and in which of its ways; `openid`: who pays, where that must be known."""

    provider: str = "stripe"
    method: str | None = None
    openid: str | None = None


USUAL = Paying()


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a storefront asks for. `locale` None means the merchant's own.

    `return_url` asks for the provider's hosted page, which leads back to it.
    `channel`: the id of the API key that asks. `buyer_ip`: where the buyer's device is, as the
    storefront's server saw it; who sends again may be elsewhere.
    """

    idempotency_key: str
    lines: tuple[Wanted, ...]
    email: str
    locale: str | None
    return_url: str | None
    trace_id: str
    channel: str
    buyer_ip: str | None = None
    paying: Paying = USUAL

    def fingerprint(self) -> bytes:
        """Recognises the same body under the same key."""
        body = repr((self.lines, self.email, self.locale, self.return_url, *self.paying))
        filled = [sorted(line.filled.items()) for line in self.lines]
        if any(filled):
            body += repr(filled)
        return hashlib.sha256(body.encode()).digest()[:16]
