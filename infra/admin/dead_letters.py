"""Messages of a queue: how many wait, which they are, and moving them on.

A message is sent on before it is deleted here. Dying in between leaves it in both places, which is
harmless: every consumer recognises what it did before. SQS could move messages by itself
(StartMessageMoveTask), but it takes no limit, does not serve queues that Lambda fills, and the
local cloud has no such task: one way that is the same everywhere is the one that was tried.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from scrip.adapters.aws import AwsClient, ask

RECEIVE = 10
HOLD_SECONDS = 300
"""How long messages are hidden from others while they are moved."""

LISTEN_SECONDS = 1
"""Long polling asks every server of SQS, so an empty answer means that nothing is left."""


class Depth(NamedTuple):
    """About how many messages: SQS counts them without locking."""

    waiting: int
    in_flight: int


class Redriven(NamedTuple):
    """Messages dealt with, and such that had to stay."""

    done: int
    kept: int


@dataclass(frozen=True, slots=True)
class Letter:
    message_id: str
    body: str
    sent_at_ms: int
    attributes: Mapping[str, Any]
    receipt: str


class Queue:
    def __init__(self, sqs: AwsClient, url: str) -> None:
        self.sqs = sqs
        self.url = url

    def depth(self) -> Depth:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = ask(self.sqs.get_queue_attributes, QueueUrl=self.url, AttributeNames=names)
        return Depth(*(int(found["Attributes"][name]) for name in names))

    def peek(self) -> list[Letter]:
        """Some messages, left where they are. For dead-letter queues: looking counts as a try."""
        return self._receive(0)

    def send(self, letter: Letter) -> None:
        """The same message once more."""
        more = {"MessageAttributes": letter.attributes} if letter.attributes else {}
        ask(self.sqs.send_message, QueueUrl=self.url, MessageBody=letter.body, **more)

    def drain(self, limit: int, act: Callable[[Letter], bool]) -> Redriven:
        """Up to `limit` messages: one that `act` answers True for is deleted, others stay."""
        done, kept = 0, 0
        held: dict[str, Letter] = {}
        try:
            for letter in self._letters(limit, held):
                if act(letter):
                    ask(self.sqs.delete_message, QueueUrl=self.url, ReceiptHandle=letter.receipt)
                    del held[letter.message_id]
                    done += 1
                else:
                    kept += 1
        finally:
            for letter in held.values():
                self._release(letter)
        return Redriven(done, kept)

    def _letters(self, limit: int, held: dict[str, Letter]) -> Iterator[Letter]:
        """Messages, each in `held` as long as nobody else can see it."""
        while limit > 0 and (found := self._receive(HOLD_SECONDS, min(RECEIVE, limit))):
            limit -= len(found)
            held |= {letter.message_id: letter for letter in found}
            yield from found

    def _receive(self, hold_seconds: int, most: int = RECEIVE) -> list[Letter]:
        answer = ask(
            self.sqs.receive_message,
            QueueUrl=self.url,
            MaxNumberOfMessages=most,
            VisibilityTimeout=hold_seconds,
            WaitTimeSeconds=LISTEN_SECONDS,
            AttributeNames=["SentTimestamp"],
            MessageAttributeNames=["All"],
        )
        return [
            Letter(
                message_id=message["MessageId"],
                body=message["Body"],
                sent_at_ms=int(message["Attributes"]["SentTimestamp"]),
                attributes=message.get("MessageAttributes", {}),
                receipt=message["ReceiptHandle"],
            )
            for message in answer.get("Messages", [])
        ]

    def _release(self, letter: Letter) -> None:
        ask(
            self.sqs.change_message_visibility,
            QueueUrl=self.url,
            ReceiptHandle=letter.receipt,
            VisibilityTimeout=0,
        )


def oldest_seconds(cloudwatch: AwsClient, queue_url: str) -> int | None:
    """Age of a queue's oldest message by its metric, None where there is none.

    A working queue is never looked into: looking would count as a try.
    """
    now = time.time()
    found = ask(
        cloudwatch.get_metric_statistics,
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue_url.rpartition("/")[2]}],
        StartTime=now - 600,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    points = sorted(found.get("Datapoints", []), key=lambda point: point["Timestamp"])
    return int(points[-1]["Maximum"]) if points else None
