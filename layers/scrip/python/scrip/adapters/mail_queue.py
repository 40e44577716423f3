"""The queue of mail to send."""

from scrip.adapters.aws import AwsClient, ask
from scrip.contracts.messages import (
    Message,
    MoneyMoved,
    OrderReady,
    StockWarned,
    SupplierWarned,
    encode_message,
)


class MailQueue:
    def __init__(self, client: AwsClient, url: str) -> None:
        self.client = client
        self.url = url

    def order_ready(self, merchant_id: str, order_id: str, trace_id: str) -> None:
        """Raises StoreUnavailable. Sending twice is harmless: the mail's mark tells."""
        self._send(OrderReady(merchant_id, order_id, trace_id))

    def stock_warned(self, merchant_id: str, event_id: str) -> None:
        """Raises StoreUnavailable. Sending twice is as harmless."""
        self._send(StockWarned(merchant_id, event_id))

    def money_moved(self, merchant_id: str, event_id: str) -> None:
        """Raises StoreUnavailable. Sending twice is as harmless."""
        self._send(MoneyMoved(merchant_id, event_id))

    def supplier_warned(self, merchant_id: str, event_id: str) -> None:
        """Raises StoreUnavailable. Sending twice is as harmless."""
        self._send(SupplierWarned(merchant_id, event_id))

    def _send(self, message: Message) -> None:
        ask(self.client.send_message, QueueUrl=self.url, MessageBody=encode_message(message))
