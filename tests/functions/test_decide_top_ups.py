"""What nobody knows the end of: a person decides, and what follows is done by itself."""

import pytest

from scrip.adapters.top_ups import TopUps
from scrip.domain import errors
from scrip.domain.attempt import AttemptState, Said
from scrip.domain.line import Fate
from scrip.domain.order import DeliveredOrder, FulfillingOrder, Order, RefundDueOrder
from scrip.domain.supplier_terms import Meaning
from scrip.domain.top_up import TopUp, all_units
from tests.contents import nothing_changes
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.shop import Reply, Shop
from tests.suppliers.kinds import KINDS
from tests.topping_up import PHONE, SKU, Queued, found, paid, stuck, table, take_queued

TERMS = KINDS["fulu"].dialect.terms


@pytest.fixture
def order(cloud: InMemory, shop: Shop, clock: Clock) -> FulfillingOrder:
    waiting = paid(cloud, shop.merchant_id, clock.now_ms)
    stuck(cloud, waiting)
    return waiting


def read(shop: Shop, order: Order) -> Reply:
    return shop.call("GET", f"/v1/merchant/orders/{order.order_id}/top-ups", key="operator")


def decide(shop: Shop, order: Order, verdict: str, line: int = 0, unit: int = 0) -> Reply:
    path = f"/v1/merchant/orders/{order.order_id}/top-ups/decide"
    body = {"line": line, "unit": unit, "verdict": verdict, "reason": "asked the supplier"}
    return shop.call("POST", path, body, key="operator")


def advance(cloud: InMemory) -> list[Queued]:
    """What is queued comes, once. What is queued then."""
    for message in take_queued(cloud):
        assert cloud.invoke("queue_top_up", message.event()) == {"batchItemFailures": []}
    return take_queued(cloud)


def kept(cloud: InMemory, order: Order) -> TopUp:
    top_up = TopUps(table(cloud, "top_ups")).find(all_units(order)[0])
    assert top_up
    return top_up


def test_a_person_sees_all_that_is_known(shop: Shop, order: FulfillingOrder) -> None:
    seen = read(shop, order).json

    [unit] = seen["top_ups"]
    assert (seen["refund_due_minor"], seen["refunded_minor"], seen["currency"]) == (0, 0, "EUR")
    assert (unit["fate"], unit["waits"], unit["price_minor"]) == ("open", True, 3000)
    assert unit["filled"] == {"account": PHONE}
    attempt = unit["attempt"]
    assert attempt["reference"] == f"{order.order_id}000000"
    assert (attempt["supplier"], attempt["sku"], attempt["supplier_ref"]) == (
        "main",
        SKU,
        "F2611220001",
    )
    assert (attempt["code"], attempt["reason"]) == ("5002", "unknown for too long")
    assert (attempt["sends"], attempt["asked"]) == (1, 97)
    assert attempt["sent_at_ms"] == order.placed_at_ms


def test_what_was_not_begun_is_shown_as_such(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    fresh = paid(cloud, shop.merchant_id, clock.now_ms)

    [unit] = read(shop, fresh).json["top_ups"]

    assert (unit["attempt"], unit["waits"]) == (None, False)
    assert is_refused(decide(shop, fresh, "succeeded"), errors.TopUpNotWaiting)


def test_what_succeeded_is_delivered(cloud: InMemory, shop: Shop, order: FulfillingOrder) -> None:
    decided = decide(shop, order, "succeeded")

    assert decided.json["attempt"]["state"] == "done"
    assert advance(cloud) == []
    after = found(cloud, order)
    assert isinstance(after, DeliveredOrder)
    assert after.lines[0].fates == (Fate.DONE,)


def test_what_failed_is_owed_and_tried_nowhere_else(
    cloud: InMemory, shop: Shop, order: FulfillingOrder
) -> None:
    assert decide(shop, order, "failed").status == 200

    assert advance(cloud) == []
    after = found(cloud, order)
    assert isinstance(after, RefundDueOrder)
    assert (after.owed_minor, after.lines[0].fates) == (3000, (Fate.FAILED,))
    assert kept(cloud, order).tried == ()


def test_its_supplier_may_be_asked_again(
    cloud: InMemory, shop: Shop, order: FulfillingOrder, clock: Clock
) -> None:
    clock.ahead_ms += 3 * 86_400_000

    decided = decide(shop, order, "ask_again")

    net, message = take_queued(cloud)
    assert decided.json["attempt"]["state"] == "unknown"
    assert (net.delay_seconds, message.delay_seconds) == (60, 0)
    assert net.body == message.body
    attempt = kept(cloud, order).attempt
    assert attempt.next_step(clock.now_ms, TERMS).value == "ask"
    assert isinstance(found(cloud, order), FulfillingOrder)


@pytest.mark.parametrize("verdict", ["succeeded", "failed", "ask_again"])
def test_deciding_the_same_again_changes_nothing(
    cloud: InMemory, shop: Shop, order: FulfillingOrder, verdict: str
) -> None:
    first = decide(shop, order, verdict)
    before = kept(cloud, order)

    again = decide(shop, order, verdict)

    assert (again.status, again.text) == (200, first.text)
    assert kept(cloud, order) == before
    assert len(cloud.table("audit").scan()["Items"]) == 1


@pytest.mark.parametrize("other", ["succeeded", "failed", "ask_again"])
@pytest.mark.parametrize("verdict", ["succeeded", "failed", "ask_again"])
def test_who_decides_otherwise_afterwards_is_refused(
    cloud: InMemory, shop: Shop, order: FulfillingOrder, verdict: str, other: str
) -> None:
    if verdict == other:
        return
    decide(shop, order, verdict)

    with nothing_changes(cloud):
        assert is_refused(decide(shop, order, other), errors.TopUpNotWaiting)


def test_what_its_supplier_said_meanwhile_stands(
    cloud: InMemory, shop: Shop, order: FulfillingOrder, clock: Clock
) -> None:
    top_up = kept(cloud, order)
    told = top_up.attempt.told(Said(Meaning.DONE, "0"), clock.now_ms, TERMS)
    TopUps(table(cloud, "top_ups")).save(top_up.with_attempt(told))

    with nothing_changes(cloud):
        refused = decide(shop, order, "failed")

    assert is_refused(refused, errors.TopUpNotWaiting)
    assert "done" in refused.json["detail"]


def test_only_what_the_order_has_can_be_decided_of(
    cloud: InMemory, shop: Shop, order: FulfillingOrder
) -> None:
    with nothing_changes(cloud):
        assert is_refused(decide(shop, order, "failed", unit=1), errors.UnitUnknown)
        assert is_refused(decide(shop, order, "failed", line=1), errors.UnitUnknown)
        assert is_refused(decide(shop, order, "lost"), errors.RequestInvalid)


def test_the_rest_of_an_order_stays_as_it_is(cloud: InMemory, shop: Shop, clock: Clock) -> None:
    order = paid(cloud, shop.merchant_id, clock.now_ms, units=2)
    stuck(cloud, order, unit=1)

    assert decide(shop, order, "failed", unit=1).status == 200
    advance(cloud)

    after = found(cloud, order)
    assert isinstance(after, FulfillingOrder)
    assert after.lines[0].fates == (Fate.OPEN, Fate.FAILED)
    assert after.owed_minor == 3000


def test_a_decision_is_written_down_with_its_reason(
    cloud: InMemory, shop: Shop, order: FulfillingOrder
) -> None:
    decide(shop, order, "failed")

    [entry] = cloud.table("audit").scan()["Items"]
    assert (entry["act"], entry["reason"]) == ("top_up_failed", "asked the supplier")
    assert entry["reference"] == f"{order.order_id}000000"


def test_who_may_not_operate_sees_nothing(shop: Shop, order: FulfillingOrder) -> None:
    path = f"/v1/merchant/orders/{order.order_id}/top-ups"

    assert is_refused(shop.call("GET", path, key="finance"), errors.ScopeMissing)


def test_a_decision_whose_message_was_lost_is_found_by_the_worklist(
    cloud: InMemory, shop: Shop, order: FulfillingOrder, clock: Clock
) -> None:
    decide(shop, order, "succeeded")
    take_queued(cloud)  # and lose it
    clock.ahead_ms += 2 * 86_400_000

    cloud.invoke("schedule_follow_up", {})

    assert kept(cloud, order).attempt.state is AttemptState.DONE
    assert advance(cloud) == []
    assert isinstance(found(cloud, order), DeliveredOrder)
