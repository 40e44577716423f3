"""SES: sends a mail as text.

Source: docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (errors)
"""

from botocore.exceptions import ClientError

from scrip.adapters.aws import AwsClient, ask, code_of
from scrip.domain.errors import MailNotAllowed, MailRefused
from scrip.domain.mail import Mail

REFUSED = frozenset({"MessageRejected", "BadRequestException", "NotFoundException"})
NOT_ALLOWED = frozenset(
    {"AccountSuspendedException", "MailFromDomainNotVerifiedException", "SendingPausedException"}
)
NOT_VERIFIED = "not verified"
"""A sender that is not verified, or an account still in the sandbox, is a MessageRejected too. Only
the message tells; it names addresses, so it goes into no log."""


class Mailer:
    def __init__(self, client: AwsClient, sender: str) -> None:
        self.client = client
        self.sender = sender

    def send(self, to: str, mail: Mail) -> None:
        """Raises MailRefused when SES will never take it, MailNotAllowed until an operator mends
        the account, StoreUnavailable when it may go in a moment."""
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
            code, message = code_of(error), error.response["Error"].get("Message", "")
            if code in NOT_ALLOWED or NOT_VERIFIED in message:
                raise MailNotAllowed(code) from error
            if code in REFUSED:
                raise MailRefused(code) from error
            raise
