"""Asking providers about many orders: what each kind of failure comes to, and whom it holds up."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from scrip.adapters.gateways.asking import AT_ONCE, MAX_SILENT, Providers, Run
from scrip.domain.chase import Silence
from scrip.domain.errors import (
    GatewayUnknown,
    PaymentCallMissing,
    PaymentProviderRefused,
    PaymentProviderUnavailable,
    SealBroken,
    StoreUnavailable,
)
from scrip.domain.order import Order
from scrip.domain.payment import Payment, PaymentAsked, Unpaid
from tests.domain.making import payment, pending

CLOSED = Unpaid(closed=True)


@dataclass
class Account:
    """A gateway, told what to answer to `query_payment` and `close_payment`."""

    query: Any = field(default_factory=Unpaid)
    close: Any = CLOSED
    calls: list[str] = field(default_factory=list)

    def query_payment(self, asked: PaymentAsked) -> Any:
        return self._answer("query", asked)

    def close_payment(self, asked: PaymentAsked) -> Any:
        return self._answer("close", asked)

    def _answer(self, call: str, asked: PaymentAsked) -> Any:
        self.calls.append(f"{call} {asked.order_id} {asked.reference}")
        told = getattr(self, call)
        told = told(asked) if callable(told) else told
        if isinstance(told, Exception):
            raise told
        return told


@dataclass
class Accounts:
    of_merchant: dict[str, Account | Exception]

    def of(self, merchant_id: str, provider: str) -> Account:
        found = self.of_merchant[merchant_id]
        if isinstance(found, Exception):
            raise found
        return found


def order(number: int = 0, merchant_id: str = "demo") -> Order:
    return pending(merchant_id=merchant_id, order_id=f"{number:016d}")


def asking(seconds_left: Callable[[], float] = lambda: 5.0, **accounts: Any) -> Run:
    return Providers(Accounts(accounts)).run(seconds_left)  # type: ignore[arg-type]


def test_nobody_is_asked_about_nothing() -> None:
    assert asking().collect_and_close([]) == []


def test_each_order_is_asked_about_and_then_closed() -> None:
    account = Account()

    answers = asking(demo=account).collect_and_close([order(1), order(2)])

    assert answers == [CLOSED, CLOSED]
    assert sorted(account.calls) == [
        "close 0000000000000001 pi_00000001",
        "close 0000000000000002 pi_00000001",
        "query 0000000000000001 pi_00000001",
        "query 0000000000000002 pi_00000001",
    ]


def test_what_is_only_closed_is_not_asked_about() -> None:
    account = Account()

    assert asking(demo=account).close([order()]) == [CLOSED]
    assert account.calls == ["close 0000000000000000 pi_00000001"]


@pytest.mark.parametrize("told", [payment(), CLOSED])
def test_what_is_paid_or_closed_already_is_not_closed(told: Payment | Unpaid) -> None:
    account = Account(query=told)

    assert asking(demo=account).collect_and_close([order()]) == [told]
    assert len(account.calls) == 1


@pytest.mark.parametrize(
    ("error", "silence"),
    [
        (PaymentProviderUnavailable("late"), Silence.UNAVAILABLE),
        (PaymentProviderRefused("no"), Silence.REFUSED),
        (PaymentCallMissing("no such call"), Silence.NO_CALL),
        (ValueError("a bug"), Silence.BUG),
    ],
)
@pytest.mark.parametrize("call", ["query", "close"])
def test_a_failure_is_told_and_the_others_are_asked(
    call: str, error: Exception, silence: Silence
) -> None:
    broken = Account()
    told = lambda asked: error if asked.order_id.endswith("1") else CLOSED  # noqa: E731
    setattr(broken, call, told)

    run = asking(demo=broken)
    answers = run.collect_and_close([order(number) for number in range(3)])

    assert answers == [CLOSED, silence, CLOSED]
    assert run.bugs == ([error] if silence is Silence.BUG else [])


@pytest.mark.parametrize(
    ("error", "silence"),
    [
        (GatewayUnknown("stripe"), Silence.NO_GATEWAY),
        (SealBroken("gateway"), Silence.REFUSED),
        (TypeError("a bug"), Silence.BUG),
    ],
)
def test_an_account_that_cannot_be_opened_holds_up_no_other(
    error: Exception, silence: Silence
) -> None:
    answers = asking(demo=error, other=Account()).collect_and_close([order(1), order(2, "other")])

    assert answers == [silence, CLOSED]


def test_no_secrets_at_all_are_another_try() -> None:
    with pytest.raises(StoreUnavailable):
        asking(demo=StoreUnavailable("kms")).collect_and_close([order()])


def test_who_does_not_answer_is_asked_no_more_in_the_run() -> None:
    dead, well = Account(query=PaymentProviderUnavailable("late")), Account()
    run = asking(demo=dead, other=well)

    first = run.collect_and_close([order(number) for number in range(40)] + [order(1, "other")])
    again = run.collect_and_close([order(50), order(51, "other")])

    assert set(first[:-1]) == {Silence.UNAVAILABLE, Silence.NOT_ASKED}
    assert MAX_SILENT <= len(dead.calls) < MAX_SILENT + AT_ONCE
    assert again == [Silence.NOT_ASKED, CLOSED]
    assert len(well.calls) == 4


def test_one_answer_closes_the_circuit_again() -> None:
    answers = iter([PaymentProviderUnavailable("late"), CLOSED] * 10)
    account = Account(query=lambda _: next(answers))
    run = asking(demo=account)

    told = [run.collect_and_close([order(number)])[0] for number in range(12)]

    assert told == [Silence.UNAVAILABLE, CLOSED] * 6


def test_accounts_take_turns() -> None:
    seen: list[str] = []

    def told(name: str) -> Unpaid:
        seen.append(name)
        return CLOSED

    first, second = (Account(query=lambda _, n=name: told(n)) for name in ("first", "second"))

    asking(demo=first, other=second).collect_and_close(
        [order(number) for number in range(50)] + [order(number, "other") for number in range(3)]
    )

    assert seen.index("second") < 2 * AT_ONCE
    assert "second" not in seen[6 + AT_ONCE :]


def test_without_time_nobody_is_asked() -> None:
    account = Account()

    assert asking(lambda: 0.0, demo=account).collect_and_close([order()]) == [Silence.NOT_ASKED]
    assert account.calls == []


def test_between_two_calls_of_an_order_time_may_end() -> None:
    account = Account()

    run = asking(lambda: 5.0 - 5.0 * len(account.calls), demo=account)

    assert run.collect_and_close([order()]) == [Unpaid()]
    assert len(account.calls) == 1


def test_a_call_that_takes_too_long_is_left_behind_and_not_made_again_before_it_is_over() -> None:
    over, began = threading.Event(), time.monotonic()
    slow = Account(query=lambda _: over.wait(30) and CLOSED)
    providers = Providers(Accounts({"demo": slow, "other": Account()}))  # type: ignore[arg-type]

    def left() -> float:
        return began + 0.2 - time.monotonic()

    try:
        answers = providers.run(left).collect_and_close([order(1), order(2, "other")])
        assert answers == [Silence.UNAVAILABLE, CLOSED]
        assert time.monotonic() < began + 5
        assert providers.run(lambda: 5.0).collect_and_close([order(1)]) == [Silence.NOT_ASKED]
    finally:
        over.set()
    while providers.run(lambda: 5.0).collect_and_close([order(1)]) != [CLOSED]:
        assert time.monotonic() < began + 20


def test_who_is_killed_is_dead() -> None:
    def die(_: PaymentAsked) -> Unpaid:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asking(demo=Account(query=die)).collect_and_close([order()])
