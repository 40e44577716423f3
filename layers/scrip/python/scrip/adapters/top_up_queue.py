"""The queue of top-ups: each unit's own clock. A message comes when the unit is to be looked at."""

from scrip.adapters.aws import AwsClient, ask
from scrip.contracts.top_up_messages import encode_due
from scrip.domain.top_up import Due

LONGEST_DELAY_SECONDS = 900
"""Of SQS. Who comes too early waits once more."""


class TopUpQueue:
    def __init__(self, client: AwsClient, url: str) -> None:
        self.client = client
        self.url = url

    def again(self, due: Due, delay_ms: int) -> None:
        """Look at it after the delay, rounded up to seconds. Raises StoreUnavailable. Sending twice
        is harmless: of two who look at one unit, one goes on."""
        ask(
            self.client.send_message,
            QueueUrl=self.url,
            MessageBody=encode_due(due),
            DelaySeconds=min(-(-delay_ms // 1000), LONGEST_DELAY_SECONDS),
        )
