"""Break a flow at every call it makes, in every way a call can break; it must end as if it had not.

    crash_everywhere(world, case)

A flow is a `Case`: an event, and what must be true once its sender is done. The calls are found by
running it once; each is then broken in each `Mode`, from the same state, and the sender goes on as
it would: again and again until it is told that all is well.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.crash.invariants import check
from tests.crash.remote import Fault, Killed, Mode, only_reads
from tests.crash.world import World
from tests.share import SHARE

REPLAYS = 6


def nothing_more() -> None:
    """Where the invariants say it all."""


@dataclass(frozen=True)
class Case:
    """`event` is sent once and says whether its sender is done with it.

    `expect` must hold in the end. `pause_minutes` pass before the sender sends again. Once done,
    the same event costs a warm function at most `again_calls` and moves nothing.
    """

    event: Callable[[], bool]
    expect: Callable[[], None] = nothing_more
    pause_minutes: float = 1.0
    again_calls: int | None = None


@dataclass
class Report:
    """`calls`: what the flow asks for when nothing breaks. Every point counted here healed; `left`
    were not broken this time."""

    calls: list[str] = field(default_factory=list)
    points: Counter[str] = field(default_factory=Counter)
    left: int = 0
    replays: int = 0
    """The most that any point needed."""

    @property
    def total(self) -> int:
        return sum(self.points.values()) + self.left


def crash_everywhere(world: World, case: Case) -> Report:
    restore = world.snapshot()
    report = Report(calls_of(world, case))
    check(world)
    case.expect()
    for number, mode in enumerate(Mode):
        tried: list[str] = []
        for at, name in enumerate(report.calls, 1):
            if not mode.applies_to(name) or not mode.is_new(name, tried):
                continue
            tried.append(name)
            # Of a share, each call in some of the modes, and each mode at some of the calls.
            if (at + number - 1) % SHARE:
                report.left += 1
                continue
            try:
                restore()
                replays = crash_once(world, case, Fault(at, mode))
            except Exception as error:
                error.add_note(f"call {at} of {len(report.calls)}, {name}: {mode.value}")
                raise
            report.points[mode.value] += 1
            report.replays = max(report.replays, replays)
    restore()
    return report


def meet_everywhere(world: World, case: Case, other: Case) -> Report:
    """Run the whole of `other` just before each call of `case` in turn: two invocations at once."""
    restore = world.snapshot()
    report = Report(calls_of(world, case))
    for at, name in enumerate(report.calls, 1):
        if at % SHARE:
            report.left += 1
            continue
        restore()
        try:
            report.replays = max(report.replays, meet_once(world, case, other, at))
        except Exception as error:
            error.add_note(f"the other ran before call {at} of {len(report.calls)}, {name}")
            raise
        report.points["the other in between"] += 1
    restore()
    return report


def die_everywhere(world: World, case: Case, other: Case) -> Report:
    """As `meet_everywhere`, and `other` is killed after each of its own calls in turn that may have
    changed something."""
    restore = world.snapshot()
    report = Report(calls_of(world, case))
    for at in range(1, len(report.calls) + 1):
        restore()
        names = die_once(world, case, other, at, None)
        for dies_at, name in enumerate(names, 1):
            if only_reads(name):
                continue
            if (at + dies_at) % SHARE:
                report.left += 1
                continue
            restore()
            try:
                die_once(world, case, other, at, dies_at)
            except Exception as error:
                error.add_note(f"before call {at} the other ran, killed after its call {dies_at}")
                raise
            report.points["the other killed in between"] += 1
    restore()
    return report


def calls_of(world: World, case: Case) -> list[str]:
    """What a cold function calls when nothing breaks."""
    world.luck.seed(1)
    world.cold_start()
    with world.remote.watch() as calls:
        assert case.event()
    return list(calls)


def crash_once(world: World, case: Case, fault: Fault) -> int:
    """How many replays it took."""
    with world.remote.watch(fault) as calls:
        try:
            done = case.event()
        except Killed:
            done = False
    assert len(calls) >= fault.at, "the flow took another way"
    replays = settle(world, case, done)
    finish(world, case)
    return replays


def meet_once(world: World, case: Case, other: Case, at: int) -> int:
    others: list[bool] = []

    def meanwhile() -> None:
        with world.remote.watch():
            others.append(other.event())

    with world.remote.watch(Fault(at, meanwhile=meanwhile)):
        done = case.event()
    assert others, "the flow took another way"
    replays = settle(world, case, done) + settle(world, other, others[0])
    other.expect()
    finish(world, case)
    return replays


def die_once(world: World, case: Case, other: Case, at: int, dies_at: int | None) -> Sequence[str]:
    """`dies_at`: the call after which the other is killed; None: never. The calls that it made."""
    made: list[str] = []

    def meanwhile() -> None:
        fault = Fault(dies_at, Mode.KILLED_AFTER) if dies_at else None
        with world.remote.watch(fault) as calls, suppress(Killed):
            other.event()
        made.extend(calls)

    with world.remote.watch(Fault(at, meanwhile=meanwhile)):
        done = case.event()
    settle(world, case, done)
    finish(world, case)
    return made


def settle(world: World, case: Case, done: bool) -> int:
    """Send again, each time to a cold function, until the sender is done."""
    replays = 0
    while not done:
        replays += 1
        assert replays <= REPLAYS, "never heals"
        world.cold_start()
        world.clock.advance(case.pause_minutes)
        done = case.event()
    return replays


def finish(world: World, case: Case) -> None:
    """All is well, and stays so when the event comes once more."""
    check(world)
    case.expect()
    before = world.state()
    if case.again_calls is None:
        return
    with world.remote.watch() as calls:
        assert case.event()
    assert len(calls) <= case.again_calls, calls
    assert world.state() == before
