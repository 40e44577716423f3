"""Tells resellers of their orders: signed by Standard Webhooks, with both of their secrets."""

from typing import NamedTuple, Protocol

from scrip.adapters.gateways.standard_signing import signature, signed_headers
from scrip.adapters.public_https import NotSent
from scrip.adapters.resellers import Resellers
from scrip.contracts.resale_messages import encode_news
from scrip.domain.order import OrderRecord
from scrip.domain.resale_news import news_id
from scrip.domain.reseller import Reseller

GONE = 410
USER_AGENT = "Scrip"


class Https(Protocol):
    def post(self, url: str, headers: dict[str, str], body: bytes) -> int: ...


class Answered(NamedTuple):
    """`final`: it wants to hear no more of it (410)."""

    taken: bool
    final: bool = False
    reason: str = ""


class ResellerCallbacks:
    def __init__(self, resellers: Resellers, https: Https) -> None:
        self.resellers = resellers
        self.https = https

    def tell(self, reseller: Reseller, record: OrderRecord, now_ms: int) -> Answered:
        """Raises SealBroken."""
        body, message_id, seconds = encode_news(record), news_id(record), now_ms // 1000
        newest, *others = self.resellers.secrets(reseller)
        headers = signed_headers(newest, message_id, seconds, body)
        signed = [signature(each, message_id, str(seconds), body) for each in others]
        headers["webhook-signature"] = " ".join([headers["webhook-signature"], *signed])
        headers |= {"content-type": "application/json", "user-agent": USER_AGENT}
        try:
            status = self.https.post(reseller.callback_url, headers, body)
        except NotSent as error:
            return Answered(taken=False, reason=str(error))
        return Answered(200 <= status < 300, final=status == GONE, reason=f"status_{status}")
