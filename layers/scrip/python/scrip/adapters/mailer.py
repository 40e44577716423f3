"""SES: sends a mail as text."""

from botocore.exceptions import ClientError

from scrip.adapters.aws import AwsClient, ask, code_of
from scrip.domain.errors import MailRefused
from scrip.domain.mail import Mail

REFUSED = frozenset({"MessageRejected", "BadRequestException", "NotFoundException"})


class Mailer:
    def __init__(self, client: AwsClient, sender: str) -> None:
        self.client = client
        self.sender = sender

    def send(self, to: str, mail: Mail) -> None:
        """Raises MailRefused when SES will never take it, StoreUnavailable when it may later."""
        try:
            ask(
                self.client.send_email,
                FromEmailAddress=self.sender,
                Destination={"ToAddresses": [to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                        "Body": {"Text": {"Data": mail.text, "Charset": "UTF-8"}},
                    }
                },
            )
        except ClientError as error:
            if code_of(error) in REFUSED:
                raise MailRefused(code_of(error)) from error
            raise
