"""A supplier that keeps its own book beside the world that is broken, and the queue of top-ups as
SQS hands it over: what is not acknowledged comes again and says so."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from moto.sqs.models import Message

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.suppliers.fulu import TERMS, FuluSupplier
from scrip.adapters.top_ups import TopUps
from scrip.domain.attempt import AttemptState
from scrip.domain.catalogue import Product, Status
from scrip.domain.goods import Kind
from scrip.domain.line import Fate
from scrip.domain.order import FulfillingOrder, Order
from scrip.domain.supplier_terms import Resend
from scrip.domain.top_up import Unit, unit_of
from tests.crash.world import World
from tests.shop import Reply
from tests.suppliers.fulu import FuluDialect
from tests.suppliers.server import Simulator, simulated
from tests.topping_up import ACCOUNT, SKU, VARIANT, Queued, call_at, offer, open_account, table

VISIBILITY_MINUTES = 3.1
MOST_MESSAGES = 60


@dataclass
class Charging:
    """`received`: how often a message was handed over, by its id. `endings`: of each run so far;
    the first is the one that nothing broke."""

    world: World
    simulator: Simulator
    variant: str = VARIANT
    received: dict[str, int] = field(default_factory=dict)
    endings: list[str] = field(default_factory=list)

    def order(self, units: int = 1) -> Reply:
        """One that is paid."""
        placed = self.world.place({self.variant: units})
        self.world.pay(placed)
        return placed

    def queued(self, units: int = 1) -> Reply:
        """One that is paid, each of its units with a message."""
        placed = self.order(units)
        assert self.world.publish()
        assert len(self.messages()) == units
        return placed

    def messages(self) -> list[Message]:
        return self.world.queued("topup")

    def run_out(self) -> bool:
        """The queue hands over all it has, each when it is due. Whether all was acknowledged."""
        for _ in range(MOST_MESSAGES):
            if not self.messages():
                return True
            if not self.hand_over(self.messages()[0]):
                return False
        raise AssertionError("it goes on for ever")

    def next(self) -> Callable[[], bool]:
        """Hands over the message that is the first one now, and says whether it is acknowledged."""
        first = self.messages()[0].id

        def hand_over() -> bool:
            left = [each for each in self.messages() if each.id == first]
            return all(map(self.hand_over, left))

        return hand_over

    def hand_over(self, message: Message) -> bool:
        times = self.received.get(message.id, 0)
        self.received[message.id] = times + 1
        if times == 0:
            delay_ms = max(0.0, message.delayed_until - message.sent_timestamp)
            self.world.clock.advance(round(delay_ms / 1000) / 60)
        done = self.deliver(message.body, times + 1)
        if done:
            left = [each for each in self.messages() if each.id != message.id]
            self.messages()[:] = left
        return done

    def deliver(self, body: str, times: int) -> bool:
        self.simulator.now_ms = self.world.clock.at_ms
        event = Queued(body, 0).event(received=times)
        return not self.world.cloud.invoke("queue_top_up", event)["batchItemFailures"]

    # --- what must hold

    def ended(self, undisturbed: str) -> None:
        """Every order has ended, and its supplier's book says the same."""
        found = self.agreed()
        assert not any(isinstance(order, FulfillingOrder) for order in found)
        self.endings.append(" ".join(order.state for order in found))
        assert self.endings[0] == undisturbed

    def agreed(self) -> list[Order]:
        """No unit is charged twice, nor is one lost: it ends as the book has it, or is a
        person's."""
        found = [order for order in self.world.orders() if any(each.fates for each in order.lines)]
        for order in found:
            for line in order.lines:
                for number, fate in enumerate(line.fates):
                    self._agrees(Unit(order.merchant_id, order.order_id, line.number, number), fate)
        return found

    def _agrees(self, unit: Unit, fate: Fate) -> None:
        book, merchant_id = self.simulator.book, unit.merchant_id
        references = {
            each.reference for each in book.orders if unit_of(merchant_id, each.reference) == unit
        }
        charged = sum(map(book.charged, references))
        assert charged <= 1
        if fate is Fate.OPEN:
            kept = TopUps(table(self.world.cloud, "top_ups")).find(unit)
            assert kept
            assert kept.attempt.state is AttemptState.MANUAL
            assert kept.attempt.reason
        else:
            assert (fate is Fate.DONE) == (charged == 1)

    # --- back to where it was

    def snapshot(self) -> Callable[[], None]:
        simulator = self.simulator
        orders, plan, untold = list(simulator.book.orders), simulator.plan, [*simulator._untold]
        script, fates = list(plan.script), list(plan.fates)
        messages, received = list(self.messages()), copy(self.received)

        def restore() -> None:
            simulator.book.orders[:] = orders
            simulator._untold[:] = untold
            for kept, was in ((plan.script, script), (plan.fates, fates)):
                kept.clear()
                kept.extend(was)  # type: ignore[arg-type]
            self.messages()[:] = messages
            self.received = copy(received)

        return restore


@contextmanager
def nobody_listens(station: Charging) -> Iterator[None]:
    """Where the supplier is called."""
    cloud, simulator = station.world.cloud, station.simulator
    call_at(cloud, f"http://127.0.0.1:{simulator.deaf}")
    station.world.cold_start()
    yield
    call_at(cloud, simulator.base)
    station.world.cold_start()


def charging(world: World, *accounts: str) -> Charging:
    """A supplier with which the shop has these accounts, and what it sells through them."""
    # The worst supplier: who sends again is charged again. What was never sent is believed to have
    # failed after hours of questions: here, after a minute.
    terms = replace(TERMS, resend=Resend.NEW, quarantine_ms=30_000)
    simulator = world.exits.enter_context(simulated(FuluDialect(terms)))
    world.exits.enter_context(mock.patch.object(FuluSupplier, "terms", terms))
    # Its requests bear the time of this machine, which is not that of the world.
    world.exits.enter_context(mock.patch("tests.suppliers.fulu.TOLERATED_SECONDS", 10**9))
    simulator.now_ms = world.clock.at_ms
    simulator.book.goods = {SKU: 2790}
    call_at(world.cloud, simulator.base)
    chosen = accounts or (ACCOUNT,)
    for account in chosen:
        open_account(world.cloud, world.shop.merchant_id, account)
    product = Product(world.shop.merchant_id, "qb", Kind.TOP_UP, "Q coins", Status.ACTIVE)
    Catalogue(table(world.cloud, "catalogue")).put_product(product)
    offer(world.cloud, world.shop.merchant_id, *chosen)
    made = Charging(world, simulator)
    world.also_kept.append(made.snapshot)
    return made


def worklist(world: World) -> list[Any]:
    return [item["pk"] for item in world.items("orders") if "follow_up" in item]
