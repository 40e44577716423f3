"""How Reloadly's adapter is asked in tests."""

import json
from typing import Any

from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers.reloadly import ReloadlySupplier
from scrip.adapters.suppliers.reloadly_api import ReloadlySecrets
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge
from tests.adapters.test_gateway_http import answering
from tests.suppliers.reloadly import CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET
from tests.suppliers.server import Simulator

REFERENCE = "0123456789ABCDEF000001"
SKU = "NG:341:10"
GOODS = {SKU: 1000, "NG:341:2.5": 250}
SECRETS = ReloadlySecrets(CLIENT_ID, CLIENT_SECRET, webhook_secret=WEBHOOK_SECRET)


def supplier(server: Simulator) -> ReloadlySupplier:
    return ReloadlySupplier(SECRETS, server.base, server.http)


def charge(
    phone: str = "+2348147658721", *, reference: str = REFERENCE, sku: str = SKU, ref: str = ""
) -> Charge:
    return Charge(reference, sku, {"phone": phone}, ref=ref)


def made(base: str, *, known: bool = True) -> ReloadlySupplier:
    """`known`: it has its token."""
    found = ReloadlySupplier(SECRETS, base, URLLib3Session(timeout=2))
    if known:
        found.tokens.keep(found._account, "t", 86_400)
    return found


def encoded(told: Any) -> bytes:
    return json.dumps(told).encode()


def status(number: int, content: bytes) -> bytes:
    return b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (number, len(content)) + content


def heard(answer: bytes, *, ask: bool = False, ref: str = "") -> Said:
    """What an answer to an order, or to a question, means."""
    with answering(answer) as base:
        asked = made(base)
        return asked.ask(charge(ref=ref)) if ask else asked.send(charge())
