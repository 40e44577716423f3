"""Who reads the log finds every line of an order, also where something was refused."""

import json
from typing import Any

import pytest

from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.mailer import Mailer
from scrip.domain.errors import MailRefused, StoreUnavailable
from scrip.domain.mail import Mail
from scrip.telemetry import logger
from tests.in_memory import InMemory
from tests.outbox import publish, queued_event
from tests.shop import Reply, Shop


class Lines:
    """Log lines, as they are written."""

    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []

    def write(self, text: str) -> int:
        self.found += [json.loads(line) for line in text.splitlines() if line]
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def of(self, message: str) -> dict[str, Any]:
        [line] = [line for line in self.found if line["message"] == message]
        return line


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Lines:
    lines = Lines()
    for handler in logger.handlers:
        monkeypatch.setattr(handler, "stream", lines)
    return lines


@pytest.fixture
def placed(stocked: Shop) -> Reply:
    return stocked.place({"card-50": 1})


def facts_of(line: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(line.get(name) for name in names)


def test_money_that_no_order_takes_is_named_with_its_order_and_payment(
    stocked: Shop, placed: Reply, log: Lines
) -> None:
    order_id, payment = placed.json["order"]["order_id"], placed.json["payment"]["reference"]
    elsewhere = {"merchant_id": "other", "order_id": order_id}

    assert stocked.pay(placed, metadata=elsewhere).problem == "payment-merchant-mismatch"

    named = facts_of(log.of("refused"), "merchant_id", "order_id", "transaction_id")
    assert named == ("demo", order_id, payment)


def test_money_beside_an_order_is_named_with_its_case(
    stocked: Shop, placed: Reply, log: Lines
) -> None:
    stocked.pay(placed, amount_received=1)

    order_id, payment = placed.json["order"]["order_id"], placed.json["payment"]["reference"]
    line = log.of("answered")
    assert facts_of(line, "order_id", "transaction_id") == (order_id, payment)
    assert facts_of(line, "ending", "case", "action") == ("stray", "short", "refund")


@pytest.mark.parametrize("key", ["finance", "order_token"])
def test_a_reader_is_told_with_shop_and_order(
    stocked: Shop, placed: Reply, log: Lines, key: str
) -> None:
    order_id = placed.json["order"]["order_id"]

    if key == "order_token":
        stocked.read(placed)
    else:
        stocked.call("GET", f"/v1/merchant/orders/{order_id}", key=key)

    assert facts_of(log.of("answered"), "merchant_id", "order_id") == ("demo", order_id)


def test_an_accepted_payment_is_told_with_its_ending(
    stocked: Shop, placed: Reply, log: Lines
) -> None:
    stocked.pay(placed)

    told = facts_of(log.of("answered"), "merchant_id", "order_id", "ending")
    assert told == ("demo", placed.json["order"]["order_id"], "delivered")


def test_a_mail_is_told_with_the_trace_of_its_order(
    cloud: InMemory, stocked: Shop, log: Lines
) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    traced = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    placed = stocked.call(
        "POST",
        "/v1/orders",
        {"lines": [{"variant_id": "card-50"}], "email": "buyer@example.com"},
        key="storefront",
        headers={**traced, "idempotency-key": "traced"},
    )
    stocked.pay(placed)
    publish(cloud)

    cloud.invoke("queue_send_mail", queued_event(cloud))

    told = facts_of(log.of("mail"), "merchant_id", "order_id", "trace_id", "outcome")
    assert told == ("demo", placed.json["order"]["order_id"], trace_id, "sent")


def test_a_refused_mail_says_which_order_is_not_told(
    cloud: InMemory, stocked: Shop, placed: Reply, log: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Mailer, to: str, mail: Mail) -> None:
        raise MailRefused("MessageRejected")

    monkeypatch.setattr(Mailer, "send", refused)
    stocked.pay(placed)
    publish(cloud)

    cloud.invoke("queue_send_mail", queued_event(cloud))

    told = facts_of(log.of("rejected"), "merchant_id", "order_id", "reason")
    assert told == ("demo", placed.json["order"]["order_id"], "mail-refused")


def test_a_move_that_is_not_told_says_of_which_order(
    cloud: InMemory, stocked: Shop, placed: Reply, log: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: MailQueue, *ids: str) -> None:
        raise StoreUnavailable("ServiceUnavailable")

    monkeypatch.setattr(MailQueue, "order_ready", away)
    stocked.pay(placed)

    publish(cloud)

    told = facts_of(log.of("will be sent again"), "merchant_id", "order_id")
    assert told == ("demo", placed.json["order"]["order_id"])
