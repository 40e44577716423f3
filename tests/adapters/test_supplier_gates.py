"""Gates to suppliers: turns at the supplier's pace, rest after troubles, one call that tries."""

import pytest

from scrip.adapters.supplier_gates import SupplierGates
from scrip.domain.gate import (
    FARTHEST_MS,
    LEASE_MS,
    LONGEST_REST_MS,
    PROBE_MS,
    TROUBLES,
    Lane,
    Turn,
    Wait,
)
from scrip.wiring.clients import table
from tests.adapters.faults import Faults
from tests.in_memory import InMemory

NOW_MS = 1_790_000_000_000
ACCOUNT = ("demo", "fulu")


@pytest.fixture
def gates(cloud: InMemory) -> SupplierGates:
    return SupplierGates(table(cloud.values["TopUpsTable"]))


def take(gates: SupplierGates, now_ms: int = NOW_MS, lane: Lane = Lane.SEND) -> Turn | Wait:
    return gates.take(*ACCOUNT, lane, 10, now_ms, 0.5)


def turn(gates: SupplierGates, now_ms: int = NOW_MS, lane: Lane = Lane.SEND) -> Turn:
    taken = take(gates, now_ms, lane)
    assert isinstance(taken, Turn)
    return taken


def close(gates: SupplierGates, now_ms: int = NOW_MS) -> None:
    closed = [gates.trouble(*ACCOUNT, now_ms) for _ in range(TROUBLES)]
    assert closed == [False] * (TROUBLES - 1) + [True]


def test_calls_leave_at_the_suppliers_pace_and_nobody_asks_twice(
    gates: SupplierGates, met: Faults
) -> None:
    turns = [turn(gates).at_ms for _ in range(50)]

    assert turns == [NOW_MS + number * 100 for number in range(50)]
    assert turn(gates, NOW_MS + 60_000).at_ms == NOW_MS + 60_000


def test_orders_and_questions_do_not_wait_for_each_other(gates: SupplierGates) -> None:
    for _ in range(10):
        turn(gates)

    assert turn(gates, lane=Lane.ASK).at_ms == NOW_MS


def test_accounts_do_not_wait_for_each_other(gates: SupplierGates) -> None:
    turn(gates)

    other = gates.take("demo", "ding", Lane.SEND, 10, NOW_MS, 0.5)
    elsewhere = gates.take("other", "fulu", Lane.SEND, 10, NOW_MS, 0.5)
    assert (other, elsewhere) == (Turn(NOW_MS), Turn(NOW_MS))


def test_a_turn_is_not_reserved_farther_ahead_than_a_message_can_wait(gates: SupplierGates) -> None:
    slow = [gates.take(*ACCOUNT, Lane.SEND, 0.01, NOW_MS, 0.5) for _ in range(12)]

    turns = [each.at_ms for each in slow if isinstance(each, Turn)]
    assert turns == [NOW_MS + number * 100_000 for number in range(9)]
    assert slow[9:] == [Wait(NOW_MS + FARTHEST_MS)] * 3


def test_a_supplier_in_trouble_is_left_alone_and_its_turns_are_void(gates: SupplierGates) -> None:
    reserved = [turn(gates) for _ in range(20)][-1]
    assert gates.holds(*ACCOUNT, reserved)

    close(gates)

    assert gates.holds(*ACCOUNT, reserved) is None
    wait = take(gates, NOW_MS + 1)
    assert isinstance(wait, Wait)
    assert NOW_MS + 1 < wait.until_ms <= NOW_MS + 2 * LONGEST_REST_MS


def test_after_a_rest_one_call_tries_and_the_others_follow(gates: SupplierGates) -> None:
    close(gates)
    later_ms = NOW_MS + LONGEST_REST_MS

    tries = [take(gates, later_ms) for _ in range(5)]

    assert tries[0] == Turn(later_ms, closings=1, troubled=True)
    assert all(isinstance(each, Wait) for each in tries[1:])
    gates.sense(*ACCOUNT)
    assert turn(gates, later_ms) == Turn(later_ms, closings=1)


def test_one_that_tries_in_vain_makes_the_rest_longer(gates: SupplierGates) -> None:
    close(gates)
    later_ms = NOW_MS + LONGEST_REST_MS
    turn(gates, later_ms)

    assert not gates.trouble(*ACCOUNT, later_ms + 8_000)  # it was closed before

    wait = take(gates, later_ms + 8_001 + PROBE_MS)
    assert isinstance(wait, Wait)


def test_one_that_tries_and_dies_does_not_keep_it_closed(gates: SupplierGates) -> None:
    close(gates)
    later_ms = NOW_MS + LONGEST_REST_MS
    turn(gates, later_ms)

    assert turn(gates, later_ms + PROBE_MS).troubled


def test_troubles_are_forgotten_once_it_answers(gates: SupplierGates) -> None:
    for _ in range(TROUBLES - 1):
        gates.trouble(*ACCOUNT, NOW_MS)
    assert turn(gates).troubled
    gates.sense(*ACCOUNT)

    assert not turn(gates).troubled
    close(gates)


def test_no_more_calls_are_on_their_way_than_a_supplier_takes_at_once(gates: SupplierGates) -> None:
    leases = [gates.enter(*ACCOUNT, 3, NOW_MS) for _ in range(5)]

    assert leases[3:] == [None, None]
    assert leases[0]
    gates.leave(*ACCOUNT, leases[0])
    assert gates.enter(*ACCOUNT, 3, NOW_MS)
    assert gates.enter(*ACCOUNT, 3, NOW_MS) is None


def test_a_call_whose_function_died_ends_by_itself(gates: SupplierGates) -> None:
    for _ in range(3):
        gates.enter(*ACCOUNT, 3, NOW_MS)

    assert gates.enter(*ACCOUNT, 3, NOW_MS + LEASE_MS - 1) is None
    assert gates.enter(*ACCOUNT, 3, NOW_MS + LEASE_MS)


def test_where_any_number_may_be_on_its_way_nothing_is_written(
    gates: SupplierGates, met: Faults
) -> None:
    before = len(met.calls)

    lease = gates.enter(*ACCOUNT, 0, NOW_MS)

    assert lease == ""
    gates.leave(*ACCOUNT, lease)
    assert len(met.calls) == before
