"""A callback names an attempt that had failed, and that is charged after all, to break."""

from dataclasses import replace

from scrip.contracts.top_up_messages import encode_due
from scrip.domain.line import Fate
from scrip.domain.top_up import Due, Unit
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.topping import VISIBILITY_MINUTES, charging, worklist
from tests.crash.world import World
from tests.suppliers.faults import Fate as Becomes


@case("topping up: an earlier attempt was charged, too")
def charged_twice(world: World) -> Case:
    """What the supplier tells is a hint: if its own answer is lost, it must tell again."""
    station = charging(world, "main", "spare")
    placed = station.queued()
    station.simulator.plan.fates.extend([Becomes(fails=True), Becomes()])
    assert station.run_out()
    order, book = world.order(placed), station.simulator.book
    book.orders[0] = replace(book.orders[0], fate=Becomes())
    unit = Unit(order.merchant_id, order.order_id, 0, 0)
    body = encode_due(Due(unit, hint=True, named=unit.reference(0)))
    first = [True]

    def event() -> bool:
        """The message, which comes again until it is acknowledged."""
        received, first[0] = 1 if first[0] else 2, False
        first[0] = station.deliver(body, received)
        return first[0]

    def expect() -> None:
        world.clock.advance(1)
        assert station.deliver(body, 1)
        assert station.run_out()
        assert world.order(placed).lines[0].fates == (Fate.TWICE,)
        assert worklist(world)

    return Case(event, expect, VISIBILITY_MINUTES)
