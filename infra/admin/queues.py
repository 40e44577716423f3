"""Queues: how deep they are, and sending again what was given up on."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import click
import msgspec

from infra.admin.command import Group, Target
from infra.admin.dead_letters import Letter, Queue, oldest_seconds
from infra.admin.lost_moves import read_given_up, tell_again
from infra.admin.output import answer, columns, moment, tell
from infra.admin.stack import Deployment, connect
from scrip.chance import now_ms
from scrip.contracts.import_messages import FileUploaded
from scrip.contracts.messages import (
    MoneyMoved,
    OrderReady,
    StockWarned,
    SupplierWarned,
    decode_message,
)
from scrip.contracts.resale_messages import TellReseller
from scrip.contracts.top_up_messages import TopUpDue

MAX_REDRIVE = 10_000
WORKING = {
    "mail": "MailQueueUrl",
    "top-ups": "TopUpQueueUrl",
    "resellers": "ResaleQueueUrl",
    "imports": "ImportQueueUrl",
}
DEAD = {
    "mail": "MailDeadQueueUrl",
    "top-ups": "TopUpDeadQueueUrl",
    "resellers": "ResaleDeadQueueUrl",
    "imports": "ImportDeadQueueUrl",
    "orders-stream": "OrdersStreamDeadQueueUrl",
}
"""The stack's outputs, by the name of what is done, or failed. The stream has no queue of ours."""

ABOUT: dict[Any, str] = {
    OrderReady: "order {order_id}",
    StockWarned: "stock warning {event_id}",
    MoneyMoved: "money event {event_id}",
    SupplierWarned: "supplier warning {event_id}",
    TopUpDue: "unit {line}/{unit} of order {order_id}",
    TellReseller: "order {order_id}",
    FileUploaded: "import {import_id}",
}
DECODERS: tuple[Callable[[bytes], Any], ...] = (
    decode_message,
    *(partial(msgspec.json.decode, type=each) for each in (TopUpDue, TellReseller, FileUploaded)),
)
"""Each takes its own messages and no other. What S3 says of an upload is not one of ours."""


@click.group(cls=Group)
def queue() -> None:
    """What waits, and what was given up on."""


@queue.command(name="list")
@click.pass_obj
def list_all(target: Target) -> None:
    """Every queue: messages waiting, in flight, and the age of the oldest."""
    deployed = connect(target)
    views = [_working(deployed, name) for name in WORKING]
    views += [_dead(deployed, name) for name in DEAD]
    rows = [
        (
            view["name"] + (" (dead)" if view["dead"] else ""),
            view["waiting"],
            view["in_flight"],
            "" if view["oldest_seconds"] is None else f"{view['oldest_seconds']} s",
        )
        for view in views
    ]
    answer(target, {"queues": views}, columns(("QUEUE", "WAITING", "IN FLIGHT", "OLDEST"), rows))


@queue.command()
@click.argument("name", type=click.Choice(tuple(DEAD)))
@click.option("--max", "most", type=click.IntRange(1, MAX_REDRIVE), default=MAX_REDRIVE)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def redrive(target: Target, name: str, most: int, yes: bool) -> None:
    """Send again what lies in a dead-letter queue, after its cause is mended.

    Messages go back to their queue. orders-stream: the moves are read from the stream again, or
    after 24 hours found in the orders table, and told to the mail queue. All of it may be done
    twice: no buyer gets a second mail, nobody is charged again.
    """
    deployed = connect(target)
    dead = _dead_queue(deployed, name)
    waiting = dead.depth().waiting
    _tell_samples(name, waiting, dead.peek() if waiting else [])
    if waiting and not yes:
        click.confirm(f"Send {min(waiting, most)} of them again?", abort=True, err=True)
    view: dict[str, Any] = {"queue": name, "orders": [], "unreadable": []}
    act = _move(deployed, name, view) if name in WORKING else _tell_moves(deployed, view)
    found = dead.drain(most, act)
    left = dead.depth().waiting
    view |= {"redriven": found.done, "kept": found.kept, "waiting": left}
    lines = [f"{found.done} sent again, {found.kept} kept, {left} wait"]
    lines += [f"{each['merchant_id']}  {each['order_id']}" for each in view["orders"]]
    answer(target, view, lines)
    if any(each.get("found_in") == "table" for each in view["orders"]):
        tell("the stream had forgotten some moves: these orders were delivered in those moments")
    for each in view["unreadable"]:
        tell(f"unreadable: {each}")


def _move(deployed: Deployment, name: str, view: dict[str, Any]) -> Callable[[Letter], bool]:
    source = Queue(deployed.client("sqs"), deployed.output(WORKING[name]))

    def act(letter: Letter) -> bool:
        source.send(letter)
        message = _message(letter)
        if hasattr(message, "order_id"):
            order = {"merchant_id": message.merchant_id, "order_id": message.order_id}
            view["orders"] += [order] if order not in view["orders"] else []
        return True

    return act


def _tell_moves(deployed: Deployment, view: dict[str, Any]) -> Callable[[Letter], bool]:
    def act(letter: Letter) -> bool:
        try:
            place = read_given_up(letter.body)
        except msgspec.MsgspecError:
            view["unreadable"].append({"message_id": letter.message_id, "reason": "not of Lambda"})
            return False
        told = tell_again(deployed, place)
        view["orders"] += told.orders
        view["unreadable"] += [{"message_id": letter.message_id} | each for each in told.unreadable]
        return not told.unreadable

    return act


def _tell_samples(name: str, waiting: int, letters: list[Letter]) -> None:
    tell(f"waiting in the dead-letter queue of {name}: {waiting}")
    for letter in letters:
        tell(f"  {moment(letter.sent_at_ms)}  {letter.message_id}  {_about(letter)}")


def _about(letter: Letter) -> str:
    """What a message is about, in ids only."""
    message = _message(letter)
    if message is not None:
        facts = msgspec.structs.asdict(message)
        return f"{ABOUT[type(message)]} of {{merchant_id}}".format(**facts)
    try:
        place = read_given_up(letter.body)
    except msgspec.MsgspecError:
        return "not one of ours"
    return f"{place.batch_size} records from {place.start_sequence_number} in {place.shard_id}"


def _message(letter: Letter) -> Any:
    """As what it is, None if it is none of ours."""
    for decode in DECODERS:
        with suppress(msgspec.MsgspecError):
            return decode(letter.body.encode())
    return None


def _working(deployed: Deployment, name: str) -> dict[str, Any]:
    url = deployed.output(WORKING[name])
    depth = Queue(deployed.client("sqs"), url).depth()
    age = oldest_seconds(deployed.client("cloudwatch"), url)
    return {"name": name, "dead": False, **depth._asdict(), "oldest_seconds": age}


def _dead(deployed: Deployment, name: str) -> dict[str, Any]:
    """A dead-letter queue's age is of the messages seen: it may hold older ones."""
    dead = _dead_queue(deployed, name)
    depth = dead.depth()
    seen = [letter.sent_at_ms for letter in dead.peek()] if depth.waiting else []
    age = max(0, now_ms() - min(seen)) // 1000 if seen else None
    return {"name": name, "dead": True, **depth._asdict(), "oldest_seconds": age}


def _dead_queue(deployed: Deployment, name: str) -> Queue:
    return Queue(deployed.client("sqs"), deployed.output(DEAD[name]))
