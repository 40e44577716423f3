"""The queue of imports: the bucket tells it of uploads, an import that runs out of time tells it
of itself."""

from scrip.adapters.aws import AwsClient, ask
from scrip.contracts.import_messages import FileUploaded, encode_message


class ImportQueue:
    def __init__(self, client: AwsClient, url: str) -> None:
        self.client = client
        self.url = url

    def go_on(self, merchant_id: str, import_id: str) -> None:
        """Raises StoreUnavailable. Sending twice is harmless: one of two runs stops."""
        message = FileUploaded(merchant_id, import_id)
        ask(self.client.send_message, QueueUrl=self.url, MessageBody=encode_message(message))
