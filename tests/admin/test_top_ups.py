"""What waits for a person, by command: listed, shown, decided."""

import pytest

from scrip.domain.order import FulfillingOrder
from tests.admin.operator import Operator
from tests.shop import Shop
from tests.topping_up import PHONE, found, paid, stuck, take_queued


@pytest.fixture
def order(operator: Operator, acme: Shop) -> FulfillingOrder:
    waiting = paid(operator.cloud, "acme", 1_795_400_000_000, units=2)
    stuck(operator.cloud, waiting, unit=1)
    return waiting


def test_what_waits_is_listed_with_its_reference(
    operator: Operator, order: FulfillingOrder
) -> None:
    [waiting] = operator.done("top-up", "list")["waiting"]
    told = operator.run("top-up", "list").stdout

    assert waiting["merchant_id"] == "acme"
    assert waiting["top_up"]["attempt"]["reference"] == f"{order.order_id}000100"
    assert "unknown for too long" in told
    assert order.order_id in told


def test_an_order_shows_all_that_is_known(operator: Operator, order: FulfillingOrder) -> None:
    told = operator.run("top-up", "show", "acme", order.order_id).stdout
    view = operator.done("top-up", "show", "acme", order.order_id)

    for fact in (PHONE, f"{order.order_id}000100", "F2611220001", "5002", "97 times", "3000 EUR"):
        assert fact in told
    assert [each["waits"] for each in view["top_ups"]] == [False, True]


def test_a_decision_is_carried_out_by_the_queue(operator: Operator, order: FulfillingOrder) -> None:
    words = ("top-up", "decide", "acme", order.order_id, "0", "1", "failed", "--reason", "told so")

    decided = operator.done(*words)
    for message in take_queued(operator.cloud):
        operator.cloud.invoke("queue_top_up", message.event())

    assert decided["attempt"]["state"] == "failed"
    assert operator.done("top-up", "list") == {"waiting": []}
    after = found(operator.cloud, order)
    assert isinstance(after, FulfillingOrder)
    assert after.owed_minor == 3000


def test_who_decides_otherwise_is_refused(operator: Operator, order: FulfillingOrder) -> None:
    words = ("top-up", "decide", "acme", order.order_id, "0", "1")
    operator.done(*words, "succeeded", "--reason", "x")

    refused = operator.refused(*words, "failed", "--reason", "x")

    assert refused["type"] == "top-up-not-waiting"
