"""Mail and messages on their way out: what is sent, and which refusals are final."""

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.mailer import Mailer
from scrip.contracts.messages import OrderReady, read_messages
from scrip.domain.errors import MailNotAllowed, MailRefused, Retryable, StoreUnavailable
from scrip.domain.mail import Mail
from scrip.wiring.clients import client
from tests.adapters.faults import Faults, refused
from tests.domain.making import ORDER_ID, TRACE_ID
from tests.in_memory import SENDER, InMemory

MAIL = Mail("Your order is ready", "Read it here: https://shop.example/#ot_secret\n卡密")


@pytest.fixture
def mailer(cloud: InMemory) -> Mailer:
    return Mailer(client("sesv2"), SENDER)


@pytest.fixture
def queue(cloud: InMemory) -> MailQueue:
    return MailQueue(client("sqs"), cloud.values["MailQueueUrl"])


def test_a_mail_is_sent_as_text_from_the_shop_to_the_buyer(mailer: Mailer, met: Faults) -> None:
    mailer.send("buyer@example.com", MAIL)

    [(operation, sent)] = met.calls
    simple = sent["Content"]["Simple"]
    assert operation == "SendEmail"
    assert sent["FromEmailAddress"] == SENDER
    assert sent["Destination"] == {"ToAddresses": ["buyer@example.com"]}
    assert simple["Subject"] == {"Data": MAIL.subject, "Charset": "UTF-8"}
    assert simple["Body"] == {"Text": {"Data": MAIL.text, "Charset": "UTF-8"}}


@pytest.mark.parametrize("code", ["MessageRejected", "BadRequestException"])
def test_a_mail_that_will_never_go_is_refused(mailer: Mailer, met: Faults, code: str) -> None:
    met.plan("SendEmail", refused(code))

    with pytest.raises(MailRefused) as told:
        mailer.send("buyer@example.com", MAIL)

    assert told.value.detail == code


UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region "
    "EU-CENTRAL-1: buyer@example.com"
)


@pytest.mark.parametrize(
    "fault",
    [
        refused("MessageRejected", UNVERIFIED),
        refused("SendingPausedException"),
        refused("AccountSuspendedException"),
    ],
)
def test_an_account_that_may_not_send_loses_no_mail(
    mailer: Mailer, met: Faults, fault: Exception
) -> None:
    met.plan("SendEmail", fault)

    with pytest.raises(MailNotAllowed) as told:
        mailer.send("buyer@example.com", MAIL)

    assert isinstance(told.value, Retryable)
    assert "buyer@example.com" not in str(told.value)


@pytest.mark.parametrize(
    "fault",
    [
        refused("TooManyRequestsException"),
        refused("LimitExceededException"),
        EndpointConnectionError(endpoint_url="https://email"),
    ],
)
def test_a_busy_mail_service_is_asked_again(mailer: Mailer, met: Faults, fault: Exception) -> None:
    met.plan("SendEmail", fault)

    with pytest.raises(StoreUnavailable) as told:
        mailer.send("buyer@example.com", MAIL)

    assert "buyer@example.com" not in str(told.value)


def test_a_sender_without_permission_is_a_bug(mailer: Mailer, met: Faults) -> None:
    met.plan("SendEmail", refused("AccessDeniedException"))

    with pytest.raises(ClientError, match="AccessDenied"):
        mailer.send("buyer@example.com", MAIL)


def test_a_message_carries_ids_and_reads_back(queue: MailQueue) -> None:
    queue.order_ready("demo", ORDER_ID, TRACE_ID)

    [got] = boto3.client("sqs").receive_message(QueueUrl=queue.url)["Messages"]
    [(message_id, read)] = read_messages({"Records": [{"messageId": "1", "body": got["Body"]}]})

    assert (message_id, read()) == ("1", OrderReady("demo", ORDER_ID, TRACE_ID))
    assert set(msgspec.json.decode(got["Body"])) == {"merchant_id", "order_id", "trace_id"}


def test_a_silent_queue_is_asked_again(queue: MailQueue, met: Faults) -> None:
    met.plan("SendMessage", EndpointConnectionError(endpoint_url="https://sqs"))

    with pytest.raises(StoreUnavailable):
        queue.order_ready("demo", ORDER_ID, TRACE_ID)


def test_a_message_of_another_shape_fails_alone() -> None:
    bodies = [
        '{"merchant_id": "demo"}',
        "no json",
        '{"merchant_id":"m","order_id":"o","trace_id":"t"}',
    ]
    records = [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]

    readers = dict(read_messages({"Records": records}))

    for broken in ("0", "1"):
        with pytest.raises(msgspec.DecodeError):
            readers[broken]()
    assert readers["2"]() == OrderReady("m", "o", "t")
