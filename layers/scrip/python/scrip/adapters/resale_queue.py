"""The queue of news for resellers."""

from scrip.adapters.aws import AwsClient, ask
from scrip.contracts.resale_messages import encode_telling
from scrip.domain.resale_news import Telling

LONGEST_DELAY_SECONDS = 900
"""Of SQS. Who comes too early waits once more."""


class ResaleQueue:
    def __init__(self, client: AwsClient, url: str) -> None:
        self.client = client
        self.url = url

    def later(self, telling: Telling, delay_ms: int) -> None:
        """Rounded up to seconds. Raises StoreUnavailable."""
        ask(
            self.client.send_message,
            QueueUrl=self.url,
            MessageBody=encode_telling(telling),
            DelaySeconds=min(-(-delay_ms // 1000), LONGEST_DELAY_SECONDS),
        )
