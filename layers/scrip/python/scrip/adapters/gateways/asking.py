"""Asks payment providers about many orders at once, so that who does not answer holds up nobody.

An account (a merchant at a provider) that failed to answer some times in a run is asked no more in
it. Orders of different accounts take turns, and the run ends on time: a call that is still under
way then is left behind, and its account is not asked before that call is over.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TypeVar

from scrip.adapters.gateways.port import Gateway
from scrip.adapters.gateways.registry import Gateways
from scrip.domain.chase import Answer, Silence
from scrip.domain.errors import (
    GatewayUnknown,
    PaymentCallMissing,
    PaymentProviderUnavailable,
    Rejected,
    Retryable,
)
from scrip.domain.order import Order
from scrip.domain.payment import Payment, PaymentAsked, Unpaid
from scrip.domain.refund import RefundReport, RefundRequest

AT_ONCE = 8
"""Calls. Stripe takes 25 a second in test mode, and answers in a third of a second."""

MAX_SILENT = 3
"""Calls of an account that may go unanswered in a run."""

Told = TypeVar("Told")
Account = tuple[str, str]
Call = Callable[[Gateway, PaymentAsked], Payment | Unpaid]


@dataclass(frozen=True, slots=True)
class Providers:
    """All payment providers, of all merchants. `_under_way`: calls left behind by earlier runs."""

    gateways: Gateways
    _under_way: dict[Account, list[Future[Answer]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def run(self, seconds_left: Callable[[], float]) -> "Run":
        for account, calls in self._under_way.items():
            self._under_way[account] = [call for call in calls if not call.done()]
        return Run(self.gateways, seconds_left, self._under_way)


@dataclass(slots=True)
class Run:
    """`bugs`: what calls raised that no call should; the order's answer is `Silence.BUG`."""

    gateways: Gateways
    seconds_left: Callable[[], float]
    under_way: dict[Account, list[Future[Answer]]]
    silent: dict[Account, int] = field(default_factory=lambda: defaultdict(int))
    bugs: list[Exception] = field(default_factory=list)

    def of(self, merchant_id: str, provider: str) -> "Refunder":
        """Raises GatewayUnknown."""
        return Refunder(self, (merchant_id, provider), self.gateways.of(merchant_id, provider))

    def ask(self, orders: Sequence[Order]) -> list[Answer]:
        """Raises StoreUnavailable."""
        return self._all(orders, lambda gateway, asked: gateway.query_payment(asked))

    def close(self, orders: Sequence[Order]) -> list[Answer]:
        """See to it that nobody can pay these any more. Raises StoreUnavailable."""
        return self._all(orders, lambda gateway, asked: gateway.close_payment(asked))

    def collect_and_close(self, orders: Sequence[Order]) -> list[Answer]:
        """The same, and each is asked about before: a provider where buyers approve and we collect
        (PayPal) brings in then what was approved in time. Raises StoreUnavailable."""
        return self._all(orders, self._collected_and_closed)

    def _collected_and_closed(self, gateway: Gateway, asked: PaymentAsked) -> Payment | Unpaid:
        found = gateway.query_payment(asked)
        if found != Unpaid():
            return found
        return gateway.close_payment(asked) if self.seconds_left() > 0 else found

    def _all(self, orders: Sequence[Order], call: Call) -> list[Answer]:
        if not orders:
            return []
        gateways = {account: self._gateway(account) for account in {*map(_account, orders)}}
        pool = ThreadPoolExecutor(min(AT_ONCE, len(orders)))
        futures: dict[int, Future[Answer]] = {}
        for place in _in_turns(orders):
            order = orders[place]
            found = gateways[_account(order)]
            futures[place] = pool.submit(self._told, order, found, call)
        wait(futures.values(), timeout=max(0, self.seconds_left()))
        pool.shutdown(wait=False, cancel_futures=True)
        return [self._answer(order, futures[place]) for place, order in enumerate(orders)]

    def _gateway(self, account: Account) -> Gateway | Silence:
        try:
            return self.gateways.of(*account)
        except GatewayUnknown:
            return Silence.NO_GATEWAY
        except Rejected:
            return Silence.REFUSED
        except Retryable:
            raise
        except Exception as bug:  # noqa: BLE001 - one account's must not hold up the others
            self.bugs.append(bug)
            return Silence.BUG

    def _told(self, order: Order, gateway: Gateway | Silence, call: Call) -> Answer:
        account = _account(order)
        if isinstance(gateway, Silence):
            return gateway
        if self.silent[account] >= MAX_SILENT or self.seconds_left() <= 0 or self._busy(account):
            return Silence.NOT_ASKED
        try:
            answer = call(
                gateway, PaymentAsked(order.merchant_id, order.order_id, order.payment_ref)
            )
        except PaymentCallMissing:
            return Silence.NO_CALL
        except Rejected:
            return Silence.REFUSED
        except Retryable:
            self.silent[account] += 1
            return Silence.UNAVAILABLE
        except Exception as bug:  # noqa: BLE001 - one order's must not hold up the others
            self.bugs.append(bug)
            return Silence.BUG
        self.silent[account] = 0
        return answer

    def _busy(self, account: Account) -> bool:
        return any(not call.done() for call in self.under_way.get(account, ()))

    def _answer(self, order: Order, future: Future[Answer]) -> Answer:
        if future.cancelled():
            return Silence.NOT_ASKED
        if not future.done():
            self.under_way[_account(order)].append(future)
            return Silence.UNAVAILABLE
        return future.result()


@dataclass(frozen=True, slots=True)
class Refunder:
    """A gateway, one call after the other. Raises PaymentProviderUnavailable without asking when
    its account fell silent in this run, or when there is no time left."""

    asking: Run
    account: Account
    gateway: Gateway

    def refund(self, request: RefundRequest) -> RefundReport:
        return self._told(self.gateway.refund, request)

    def query_refund(self, request: RefundRequest) -> RefundReport | None:
        return self._told(self.gateway.query_refund, request)

    def _told(self, call: Callable[[RefundRequest], Told], request: RefundRequest) -> Told:
        run = self.asking
        if run.silent[self.account] >= MAX_SILENT or run.seconds_left() <= 0:
            raise PaymentProviderUnavailable("not asked")
        try:
            answer = call(request)
        except Retryable:
            run.silent[self.account] += 1
            raise
        run.silent[self.account] = 0
        return answer


def _account(order: Order) -> Account:
    return order.merchant_id, order.provider


def _in_turns(orders: Sequence[Order]) -> Iterator[int]:
    """Places: the first order of each account, then the second of each, and so on."""
    seen: dict[Account, int] = defaultdict(int)
    turns = []
    for place, order in enumerate(orders):
        turns.append((seen[_account(order)], place))
        seen[_account(order)] += 1
    return (place for _, place in sorted(turns))
