"""Asking beforehand whether a top-up can be charged: nobody depends on it, and no order waits."""

from collections.abc import Iterator

import pytest

from scrip.adapters.merchants import Merchants
from scrip.adapters.supplier_gates import SupplierGates
from scrip.domain import errors
from scrip.domain.gate import TROUBLES, Lane, Turn
from scrip.domain.rate import Limit
from scrip.domain.supplier_terms import Limits
from tests.documented import is_refused
from tests.functions.conftest import Clock
from tests.in_memory import InMemory, forget_adapters
from tests.shop import Reply, Shop
from tests.suppliers.faults import Fault, Plan
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated
from tests.top_ups import sell_top_up
from tests.topping_up import call_at, open_account, table

SKU = KINDS["ding"].sku
FORM = [{"name": "phone", "label": "Phone", "kind": "phone"}]
UNKNOWN = {"result": "unknown", "reason": None}
OK = {"result": "ok", "reason": None}
ACCOUNT = ("demo", "main")


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(KINDS["ding"].dialect) as state:
        yield state


@pytest.fixture
def supplier(server: Simulator, cloud: InMemory, shop: Shop, clock: Clock) -> Simulator:
    server.now_ms = clock.now_ms
    server.begin(Plan(), goods={SKU: 300})
    call_at(cloud, server.base, "ding")
    open_account(cloud, shop.merchant_id, kind="ding")
    sell(shop, "main", SKU)
    return server


def sell(shop: Shop, account: str, sku: str) -> None:
    route = {"supplier": account, "sku": sku, "worth_minor": 300, "worth_currency": "USD"}
    sell_top_up(shop, "minutes", FORM, routes=[route])


def check(shop: Shop, phone: str = "+1876 000 0000", variant: str = "minutes") -> Reply:
    body = {"variant_id": variant, "filled": {"phone": phone}}
    return shop.call("POST", "/v1/top-ups/checks", body, key="storefront")


def gates(cloud: InMemory) -> SupplierGates:
    return SupplierGates(table(cloud, "top_ups"))


def later(clock: Clock, milliseconds: int = 1_000) -> None:
    clock.ahead_ms += milliseconds


def test_what_can_be_charged_is_ok_and_nothing_is_charged(shop: Shop, supplier: Simulator) -> None:
    reply = check(shop)

    assert (reply.status, reply.json) == (200, OK)
    assert supplier.book.orders == []
    assert [path for _, path in supplier.requests] == ["/api/V1/SendTransfer"]


def test_what_the_account_or_the_good_is_to_blame_for_is_refused(
    shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    supplier.book.bad_accounts.add("18760000000")

    assert check(shop).json == {"result": "refused", "reason": "account"}
    later(clock)
    supplier.book.balance_minor = 0
    supplier.book.bad_accounts.clear()
    assert check(shop).json == UNKNOWN, "the shop's balance is no reason of the buyer's"


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.GARBAGE, Fault.ERROR_BEFORE])
def test_what_is_no_answer_is_unknown_and_closes_no_gate(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock, fault: Fault
) -> None:
    supplier.plan.script += [fault] * (TROUBLES + 1)

    for _ in range(TROUBLES + 1):
        assert check(shop).json == UNKNOWN
        later(clock)

    assert isinstance(gates(cloud).take(*ACCOUNT, Lane.SEND, 10, clock.now_ms, 0.5), Turn)


def test_what_is_misfilled_or_not_for_sale_is_refused_as_an_order_would_be(
    shop: Shop, supplier: Simulator
) -> None:
    assert is_refused(check(shop, "none"), errors.FormMisfilled)
    assert is_refused(check(shop, variant="none"), errors.VariantNotForSale)
    assert supplier.requests == []


def test_who_cannot_be_asked_beforehand_is_not(
    cloud: InMemory, shop: Shop, supplier: Simulator
) -> None:
    open_account(cloud, shop.merchant_id, "outlet", kind="fulu")
    sell(shop, "outlet", "10000587")

    assert check(shop).json == UNKNOWN
    assert supplier.requests == []


def test_while_an_order_waits_for_its_turn_nobody_asks_and_asking_takes_no_turn(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    assert check(shop).json == OK
    turns = [gates(cloud).take(*ACCOUNT, Lane.SEND, 10, clock.now_ms, 0.5) for _ in range(200)]
    assert isinstance(turns[0], Turn)
    assert turns[0].at_ms <= clock.now_ms

    assert check(shop).json == UNKNOWN

    assert len(supplier.requests) == 1
    later(clock, 60_000)
    assert check(shop).json == OK


def test_questions_keep_the_suppliers_pace(
    shop: Shop, supplier: Simulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.api_check_top_up.handler.now_ms", lambda: supplier.now_ms)

    asked = [check(shop).json for _ in range(3)]
    supplier.now_ms += 10_000

    assert asked == [OK, UNKNOWN, UNKNOWN]
    assert check(shop).json == OK


def test_while_half_of_its_calls_are_on_their_way_nobody_asks(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    Merchants(table(cloud, "merchants")).limit_supplier(*ACCOUNT, Limits(at_once=4))
    forget_adapters()
    leases = [gates(cloud).enter(*ACCOUNT, 4, clock.now_ms) for _ in range(2)]
    assert all(leases)

    assert check(shop).json == UNKNOWN

    gates(cloud).leave(*ACCOUNT, leases[0] or "")
    assert check(shop).json == OK


def test_while_its_supplier_is_in_trouble_nobody_asks(
    cloud: InMemory, shop: Shop, supplier: Simulator, clock: Clock
) -> None:
    gates(cloud).trouble(*ACCOUNT, clock.now_ms)

    assert check(shop).json == UNKNOWN
    assert supplier.requests == []


def test_who_asks_too_often_is_told_to_wait(
    shop: Shop, supplier: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrip.flows.check_top_up.PER_API_KEY", Limit(2, 60))

    replies = [check(shop, "none") for _ in range(3)]

    assert [each.status for each in replies] == [422, 422, 429]
    assert int(replies[2].headers["retry-after"]) <= 60
