"""What became of money is an event on record, and the merchant is mailed of what wants a person."""

import json
from typing import Any

import boto3
import pytest

from scrip.adapters.mail_queue import MailQueue
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.domain.errors import StoreUnavailable
from tests.contents import contents, nothing_changes
from tests.functions.conftest import CODES, Clock
from tests.functions.test_decide_strays import decide, follow
from tests.in_memory import InMemory
from tests.oracles.stripe_calls import begin_refund, move_refund
from tests.outbox import publish, queued_event, sent_mail
from tests.samples import sample
from tests.shop import Reply, Shop

NO_FAILURES: dict[str, list[Any]] = {"batchItemFailures": []}
AT = 1_790_000_000
"""Seconds."""

BOSS = "boss@shop.example"


def merchants(cloud: InMemory) -> Merchants:
    return Merchants(Table(boto3.client("dynamodb"), cloud.values["MerchantsTable"]))


@pytest.fixture
def told(cloud: InMemory, stocked: Shop) -> Shop:
    """A shop that wants to be mailed."""
    merchants(cloud).change(stocked.merchant_id, notify_email=BOSS)
    return stocked


def events(cloud: InMemory) -> list[dict[str, Any]]:
    """What a webhook would tell, by type."""
    kept = [each for each in contents(cloud)["notifications"] if "body" in each]
    return sorted((json.loads(each["body"]) for each in kept), key=lambda each: each["type"])


def types(cloud: InMemory) -> list[str]:
    return [each["type"] for each in events(cloud)]


def mailed(cloud: InMemory) -> list[Any]:
    """What the merchant is sent of all that happened so far, once the outbox has run."""
    before = len(sent_mail())
    assert publish(cloud) == NO_FAILURES
    queued = queued_event(cloud)
    if queued["Records"]:
        assert cloud.invoke("queue_send_mail", queued) == NO_FAILURES
    return [mail for mail in sent_mail()[before:] if mail.destinations["ToAddresses"] == [BOSS]]


def bought(shop: Shop, quantity: int = 1) -> Reply:
    placed = shop.place({"card-50": quantity})
    assert shop.pay(placed).json["outcome"] == "delivered"
    return placed


def order_id(placed: Reply) -> str:
    return str(placed.json["order"]["order_id"])


def test_a_usual_order_is_no_event(cloud: InMemory, told: Shop, clock: Clock) -> None:
    bought(told)
    told.place({"card-50": 1})
    clock.ahead_ms = 2 * 3_600_000
    cloud.invoke("schedule_expire_orders", {})

    assert mailed(cloud) == []
    assert events(cloud) == []


def test_a_second_payment_is_on_record_and_mailed_once(cloud: InMemory, told: Shop) -> None:
    placed = bought(told)
    told.pay(placed, id="pi_second")

    [mail] = mailed(cloud)

    assert mail.subject == f"Order {order_id(placed)} was paid more than once"
    assert "45.00 EUR (stripe pi_second)" in mail.body
    assert not any(code in mail.body for code in CODES)
    [event] = events(cloud)
    assert event.pop("at_ms") > 0
    assert event == {
        "event_id": f"{order_id(placed)}.stripe#pi_second.second.refund",
        "type": "payment.stray",
        "merchant_id": "demo",
        "data": {
            "order_id": order_id(placed),
            "provider": "stripe",
            "transaction_id": "pi_second",
            "amount_minor": 4500,
            "currency": "EUR",
            "stray_id": "stripe#pi_second",
            "case": "second",
            "action": "refund",
        },
    }
    assert mailed(cloud) == [], "the whole stream again: its event is known, its mail was sent"
    assert len(events(cloud)) == 1


def test_an_event_is_kept_for_ninety_days(cloud: InMemory, told: Shop) -> None:
    told.pay(bought(told), id="pi_second")
    publish(cloud)

    [kept] = [each for each in contents(cloud)["notifications"] if "body" in each]

    at_ms = json.loads(kept["body"])["at_ms"]
    assert kept["delete_at"] == at_ms // 1000 + 90 * 86_400
    assert kept["pk"].startswith("demo#")
    assert kept["pk"].endswith("#money-event")


def test_what_was_recorded_first_stays(cloud: InMemory, told: Shop, clock: Clock) -> None:
    told.pay(bought(told), id="pi_second")
    publish(cloud)
    first = events(cloud)
    clock.ahead_ms = 3_600_000

    publish(cloud)

    assert events(cloud) == first


def test_held_money_and_its_decision_are_events(cloud: InMemory, told: Shop) -> None:
    merchants(cloud).change("demo", payment_policy={"short": "hold"})
    placed = told.place({"card-50": 1})
    told.pay(placed, amount_received=1)

    [mail] = mailed(cloud)
    assert mail.subject == f"Order {order_id(placed)}: 0.01 EUR waits for your decision"
    assert decide(told, placed, "nothing").status == 200

    assert mailed(cloud) == []
    assert types(cloud) == ["payment.decided", "payment.held"]


def test_a_refund_is_told_from_owing_to_its_end(cloud: InMemory, told: Shop, clock: Clock) -> None:
    told.stock_up("rare", ["RARE-1"])
    placed = told.place({"rare": 2})
    told.pay(placed)
    clock.ahead_ms = 1000
    follow(cloud)

    assert mailed(cloud) == [], "all of it was done by itself"

    due, succeeded = events(cloud)
    assert (due["type"], succeeded["type"]) == ("refund.due", "refund.succeeded")
    assert succeeded["data"]["refund_id"] == f"{order_id(placed)}R001"
    amounts = [each["data"]["amount_minor"] for each in (due, succeeded)]
    assert amounts == [4500, 4500]


def test_a_refund_that_flows_back_is_mailed(cloud: InMemory, told: Shop, clock: Clock) -> None:
    told.stock_up("rare", ["RARE-1"])
    placed = told.place({"rare": 2})
    told.pay(placed)
    clock.ahead_ms = 1000
    follow(cloud)
    refund = next(
        each
        for each in told.stripe.of_kind("refund")
        if each["payment_intent"] == placed.json["payment"]["reference"]
    )
    failed = move_refund(told.stripe, refund["id"], "failed")
    told.callback(told.stripe.event("refund.failed", failed, created=clock.now_ms // 1000 + 60))

    [mail] = mailed(cloud)

    assert mail.subject == f"Order {order_id(placed)}: a refund of 45.00 EUR failed"
    assert types(cloud) == ["refund.due", "refund.failed", "refund.succeeded"]


def test_a_refund_that_is_refused_is_mailed(cloud: InMemory, told: Shop, clock: Clock) -> None:
    told.stock_up("rare", ["RARE-1"])
    placed = told.place({"rare": 2})
    told.pay(placed)
    clock.ahead_ms = 1000
    told.stripe.fail_with.append((400, {"error": {"message": "no balance"}}))
    follow(cloud)

    [mail] = mailed(cloud)

    assert mail.subject == f"Order {order_id(placed)}: a refund of 45.00 EUR is stuck"


def test_a_refund_of_the_console_is_told_without_a_mail(cloud: InMemory, told: Shop) -> None:
    placed = bought(told)
    intent = told.stripe.payments[placed.json["payment"]["reference"]]
    refund = begin_refund(told.stripe, intent, 1200)
    told.callback(told.stripe.event("refund.created", refund))

    assert mailed(cloud) == []
    assert types(cloud)[0] == "refund.foreign"


def test_a_dispute_is_mailed_when_it_opens_and_when_it_is_lost(cloud: InMemory, told: Shop) -> None:
    placed = bought(told)
    told.dispute(placed, "needs_response", at=AT)
    [opened] = mailed(cloud)
    told.dispute(placed, "lost", at=AT + 1)

    [lost] = mailed(cloud)

    assert opened.subject == f"Order {order_id(placed)}: a payment is disputed"
    assert lost.subject == f"Order {order_id(placed)}: a dispute is lost"
    assert types(cloud) == ["dispute.lost", "dispute.opened"]
    assert events(cloud)[0]["data"]["dispute_id"].startswith("du_")


def test_a_dispute_that_is_won_is_told_without_a_mail(cloud: InMemory, told: Shop) -> None:
    placed = bought(told)
    told.dispute(placed, "won", at=AT)

    assert mailed(cloud) == []
    assert types(cloud) == ["dispute.won"]


def test_a_chinese_shop_is_told_in_chinese(cloud: InMemory, told: Shop) -> None:
    merchants(cloud).change("demo", locale="zh")
    told.pay(bought(told), id="pi_second")

    [mail] = mailed(cloud)

    assert mail.subject.endswith("被重复付款")


def test_without_an_address_the_event_is_left(cloud: InMemory, stocked: Shop) -> None:
    stocked.pay(bought(stocked), id="pi_second")

    assert mailed(cloud) == []
    assert types(cloud) == ["payment.stray"]


def test_who_dies_between_event_and_message_mails_all_the_same(
    cloud: InMemory, told: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.pay(bought(told), id="pi_second")

    def away(self: MailQueue, merchant_id: str, event_id: str) -> None:
        raise StoreUnavailable("ServiceUnavailable")

    with monkeypatch.context() as broken:
        broken.setattr(MailQueue, "money_moved", away)
        assert len(publish(cloud)["batchItemFailures"]) == 1
    assert types(cloud) == ["payment.stray"]

    assert len(mailed(cloud)) == 1
    assert len(events(cloud)) == 1


def test_a_message_delivered_twice_is_mailed_once(cloud: InMemory, told: Shop) -> None:
    told.pay(bought(told), id="pi_second")
    publish(cloud)
    queued = queued_event(cloud)

    for _ in range(2):
        assert cloud.invoke("queue_send_mail", queued) == NO_FAILURES

    subjects = [mail.subject for mail in sent_mail()]
    assert len([each for each in subjects if "more than once" in each]) == 1


def test_a_message_of_an_event_that_is_not_on_record_is_acknowledged(
    cloud: InMemory, told: Shop
) -> None:
    unknown = sample("queue_send_mail", "money_moved", event_id="7K2M9Q4XTB3WHD5N.4500.due")

    with nothing_changes(cloud):
        assert cloud.invoke("queue_send_mail", unknown) == NO_FAILURES

    assert sent_mail() == []


def test_messages_hold_ids_only(cloud: InMemory, told: Shop) -> None:
    placed = bought(told)
    told.pay(placed, id="pi_second")
    publish(cloud)

    bodies = [json.loads(each["body"]) for each in queued_event(cloud)["Records"]]

    [moved] = [body for body in bodies if body.get("kind") == "money_moved"]
    assert moved == {
        "kind": "money_moved",
        "merchant_id": "demo",
        "event_id": f"{order_id(placed)}.stripe#pi_second.second.refund",
    }
