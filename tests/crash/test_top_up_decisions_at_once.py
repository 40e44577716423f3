"""People who decide of one unit meet each other and its supplier: one of them has it."""

import boto3
import pytest

from scrip.adapters.top_up_queue import TopUpQueue
from scrip.adapters.top_ups import TopUps
from scrip.domain.attempt import Said
from scrip.domain.line import Fate
from scrip.domain.supplier_terms import Meaning, Terms
from scrip.domain.top_up import Due, TopUpMoved, all_units
from tests.crash.breaking import Case, die_everywhere, meet_everywhere
from tests.crash.figures import keep
from tests.crash.test_interleavings import Meeting
from tests.crash.top_up_decision_cases import advance, ended, says, then_advance, waiting
from tests.crash.world import World, world
from tests.oracles.stripe_server import StripeServer
from tests.suppliers.kinds import KINDS
from tests.topping_up import table

SUCCEEDED, FAILED = ("delivered", Fate.DONE, 0), ("refund_due", Fate.FAILED, 3000)
WAITING = ("fulfilling", Fate.OPEN, 0)
CONTRADICTED = ("refund_due", Fate.CONTRADICTED, 3000)
TERMS: Terms = KINDS["fulu"].dialect.terms


def one_of_both(world: World) -> None:
    """Whoever was first has it: what the item says, the order says. A supplier that says "done"
    after a person said "failed" is for a person again."""
    [top_up] = [each for each in world.items("top_ups") if "reference" in each]
    assert advance(world)
    world.clock.advance(1)
    assert world.follow_up()
    may_be = {"done": [SUCCEEDED], "failed": [FAILED], "manual": [WAITING, CONTRADICTED]}
    assert ended(world) in may_be[top_up["state"]]


def two_who_agree(world: World) -> tuple[Case, Case]:
    order = waiting(world)

    def expect() -> None:
        assert ended(world) == FAILED

    say = then_advance(world, says(world, order, "failed"))
    return Case(say, expect), Case(say)


def two_who_do_not(world: World) -> tuple[Case, Case]:
    order = waiting(world)
    first, other = (
        then_advance(world, says(world, order, verdict)) for verdict in ("failed", "succeeded")
    )
    return Case(first, lambda: one_of_both(world)), Case(other)


def a_person_and_the_supplier(world: World) -> tuple[Case, Case]:
    """The supplier says that it is done, in answer to a callback's question."""
    order = waiting(world)
    [unit] = all_units(order)

    def hears() -> bool:
        top_ups, queue = TopUps(table(world.cloud, "top_ups")), top_up_queue(world)
        seen = top_ups.find(unit)
        assert seen
        told = seen.attempt.told(Said(Meaning.DONE, "0"), world.clock.at_ms, TERMS)
        try:
            kept = seen if told == seen.attempt else top_ups.save(seen.with_attempt(told))
        except TopUpMoved:
            return False
        queue.again(Due(unit, kept.version), 0)
        return advance(world)

    say = then_advance(world, says(world, order, "failed"))
    return Case(say, lambda: one_of_both(world)), Case(hears)


def top_up_queue(world: World) -> TopUpQueue:
    return TopUpQueue(boto3.client("sqs"), world.cloud.values["TopUpQueueUrl"])


MEETINGS: dict[str, Meeting] = {
    "two people agree": two_who_agree,
    "two people do not": two_who_do_not,
    "a person and the supplier": a_person_and_the_supplier,
}


@pytest.mark.parametrize("name", MEETINGS)
def test_people_meet(name: str, stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = meet_everywhere(made, *MEETINGS[name](made))

    assert report.total > 0
    keep(f"meeting: {name}", report)


def test_one_of_them_dies_in_between(stripe_api: StripeServer) -> None:
    with world(stripe_api) as made:
        report = die_everywhere(made, *two_who_do_not(made))

    assert report.total > len(report.calls) > 0
