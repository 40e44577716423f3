"""How DT One's adapter is asked in tests."""

import json
from typing import Any

from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers.dtone import DtoneSecrets, DtoneSupplier
from scrip.domain.attempt import Said
from scrip.domain.charge import Charge
from tests.adapters.test_gateway_http import answering
from tests.suppliers.dtone import API_KEY, API_SECRET
from tests.suppliers.server import Simulator

REFERENCE = "0123456789ABCDEF000001"
SKU = "4001"
GOODS = {SKU: 2790, "4002": 111}
SECRETS = DtoneSecrets(API_KEY, API_SECRET, "USD")


def supplier(server: Simulator) -> DtoneSupplier:
    return DtoneSupplier(SECRETS, server.base, server.http)


def charge(reference: str = REFERENCE, sku: str = SKU, ref: str = "", **filled: str) -> Charge:
    return Charge(reference, sku, filled or {"phone": "+6595123100"}, ref=ref)


def made(base: str) -> DtoneSupplier:
    return DtoneSupplier(SECRETS, base, URLLib3Session(timeout=2))


def status(number: int, answer: Any) -> bytes:
    content = json.dumps(answer).encode()
    return b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (number, len(content)) + content


def heard(number: int, answer: Any, *, ask: bool = False, ref: str = "") -> Said:
    """What an answer to an order, or to a question, means."""
    with answering(status(number, answer)) as base:
        return made(base).ask(charge(ref=ref)) if ask else made(base).send(charge())
