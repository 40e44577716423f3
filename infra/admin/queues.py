"""Queues: how deep they are, and sending again what was given up on."""

from collections.abc import Callable
from typing import Any

import click
import msgspec

from infra.admin.command import Group, Target
from infra.admin.dead_letters import Letter, Queue, oldest_seconds
from infra.admin.lost_moves import read_given_up, tell_again
from infra.admin.output import answer, columns, moment, tell
from infra.admin.stack import Deployment, connect
from scrip.chance import now_ms
from scrip.contracts.messages import Message, MoneyMoved, OrderReady, StockWarned, decode_message

MAX_REDRIVE = 10_000
DEAD_OUTPUTS = {"mail": "MailDeadQueueUrl", "orders-stream": "OrdersStreamDeadQueueUrl"}
"""Dead-letter queues by the name of what failed."""


@click.group(cls=Group)
def queue() -> None:
    """What waits, and what was given up on."""


@queue.command(name="list")
@click.pass_obj
def list_all(target: Target) -> None:
    """Every queue: messages waiting, in flight, and the age of the oldest."""
    deployed = connect(target)
    views = [_working(deployed), *(_dead(deployed, name) for name in DEAD_OUTPUTS)]
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
@click.argument("name", type=click.Choice(tuple(DEAD_OUTPUTS)))
@click.option("--max", "most", type=click.IntRange(1, MAX_REDRIVE), default=MAX_REDRIVE)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def redrive(target: Target, name: str, most: int, yes: bool) -> None:
    """Send again what lies in a dead-letter queue, after its cause is mended.

    mail: messages go back to the mail queue. orders-stream: the moves are read from the stream
    again, or after 24 hours found in the orders table, and told to the mail queue. Either may be
    done twice: no buyer gets a second mail.
    """
    deployed = connect(target)
    dead = _dead_queue(deployed, name)
    waiting = dead.depth().waiting
    _tell_samples(name, waiting, dead.peek() if waiting else [])
    if waiting and not yes:
        click.confirm(f"Send {min(waiting, most)} of them again?", abort=True, err=True)
    view: dict[str, Any] = {"queue": name, "orders": [], "unreadable": []}
    found = dead.drain(most, ACTS[name](deployed, view))
    left = dead.depth().waiting
    view |= {"redriven": found.done, "kept": found.kept, "waiting": left}
    lines = [f"{found.done} sent again, {found.kept} kept, {left} wait"]
    lines += [f"{each['merchant_id']}  {each['order_id']}" for each in view["orders"]]
    answer(target, view, lines)
    if any(each.get("found_in") == "table" for each in view["orders"]):
        tell("the stream had forgotten some moves: these orders were delivered in those moments")
    for each in view["unreadable"]:
        tell(f"unreadable: {each}")


def _move_mail(deployed: Deployment, view: dict[str, Any]) -> Callable[[Letter], bool]:
    source = Queue(deployed.client("sqs"), deployed.output("MailQueueUrl"))

    def act(letter: Letter) -> bool:
        source.send(letter)
        message = _message(letter)
        if isinstance(message, OrderReady):
            view["orders"].append(
                {"merchant_id": message.merchant_id, "order_id": message.order_id}
            )
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


ACTS = {"mail": _move_mail, "orders-stream": _tell_moves}


def _tell_samples(name: str, waiting: int, letters: list[Letter]) -> None:
    tell(f"waiting in the dead-letter queue of {name}: {waiting}")
    for letter in letters:
        tell(f"  {moment(letter.sent_at_ms)}  {letter.message_id}  {_about(letter)}")


def _about(letter: Letter) -> str:
    """What a message is about, in ids only."""
    match _message(letter):
        case OrderReady() as message:
            return f"order {message.order_id} of {message.merchant_id}"
        case StockWarned() as message:
            return f"stock warning {message.event_id} of {message.merchant_id}"
        case MoneyMoved() as message:
            return f"money event {message.event_id} of {message.merchant_id}"
    try:
        place = read_given_up(letter.body)
    except msgspec.MsgspecError:
        return "not one of ours"
    return f"{place.batch_size} records from {place.start_sequence_number} in {place.shard_id}"


def _message(letter: Letter) -> Message | None:
    try:
        return decode_message(letter.body.encode())
    except msgspec.MsgspecError:
        return None


def _working(deployed: Deployment) -> dict[str, Any]:
    url = deployed.output("MailQueueUrl")
    depth = Queue(deployed.client("sqs"), url).depth()
    age = oldest_seconds(deployed.client("cloudwatch"), url)
    return {"name": "mail", "dead": False, **depth._asdict(), "oldest_seconds": age}


def _dead(deployed: Deployment, name: str) -> dict[str, Any]:
    """A dead-letter queue's age is of the messages seen: it may hold older ones."""
    dead = _dead_queue(deployed, name)
    depth = dead.depth()
    seen = [letter.sent_at_ms for letter in dead.peek()] if depth.waiting else []
    age = max(0, now_ms() - min(seen)) // 1000 if seen else None
    return {"name": name, "dead": True, **depth._asdict(), "oldest_seconds": age}


def _dead_queue(deployed: Deployment, name: str) -> Queue:
    return Queue(deployed.client("sqs"), deployed.output(DEAD_OUTPUTS[name]))
