"""What suppliers took back, to break: the worklist does what the shop chose."""

from scrip.adapters.merchants import Merchants
from scrip.domain.attempt import AttemptState
from scrip.domain.line import Fate
from scrip.domain.order import SettledOrder
from tests.crash.breaking import Case
from tests.crash.cases import case
from tests.crash.refund_cases import all_followed_up, given_back
from tests.crash.topping import charging
from tests.crash.world import World
from tests.suppliers.faults import Fate as Becomes
from tests.topping_up import said_after_all, table


def now(world: World) -> tuple[Fate, int]:
    """The unit's fate, what is owed: of the one order there is."""
    [order] = world.orders()
    assert isinstance(order, SettledOrder)
    return order.lines[0].fates[0], order.owed_minor


@case("following up: what a supplier took back is given back, as the shop chose")
def taken_back(world: World) -> Case:
    Merchants(table(world.cloud, "merchants")).change(world.shop.merchant_id, on_reversal="refund")
    station = charging(world)
    placed = station.queued()
    station.simulator.plan.fates.append(Becomes())
    assert station.run_out()
    said = said_after_all(world.cloud, world.order(placed), AttemptState.REVERSED)
    assert world.cloud.invoke("queue_top_up", said.event()) == {"batchItemFailures": []}
    assert now(world) == (Fate.REVERSED, 0)

    def expect() -> None:
        assert now(world) == (Fate.FAILED, 3000)
        assert given_back(world) == [3000]

    return Case(lambda: all_followed_up(world), expect)
