"""Every call that making a refund asks for breaks in every way, at each provider: in the end the
money was given back, once."""

from collections.abc import Iterator

import pytest

from scrip.domain.refund import RefundState
from tests.crash.remote import Fault, Killed, Mode, Remote, remote
from tests.fast_clients import kept_clients
from tests.functions.by_provider import pay, place, tell
from tests.functions.conftest import Clock
from tests.functions.test_refund_by_each_provider import given_back, refunds
from tests.in_memory import InMemory, forget_adapters
from tests.oracles.paying import Provider
from tests.share import SHARE
from tests.shop import Reply, Shop

MINUTE_MS = 60_000
MODES = (Mode.KILLED_AFTER, Mode.ANSWERS_LOST, Mode.BUSY_ON)


@pytest.fixture
def between() -> Iterator[Remote]:
    with remote() as made, kept_clients():
        yield made


def owing(selling: Shop, provider: Provider) -> Reply:
    placed = place(selling, provider)
    assert tell(selling, provider, pay(provider, placed)).status in (200, 204)
    assert selling.take_back(placed).status == 200
    return placed


def goes_on(deployed: InMemory, placed: Reply, clock: Clock) -> None:
    """Until the refund is made and known to be under way."""
    for _ in range(6):
        forget_adapters()
        clock.ahead_ms += MINUTE_MS + 1000
        deployed.invoke("schedule_follow_up", {})
        known = [each.state for each in refunds(deployed, placed)]
        if known and known[0] is not RefundState.BEGUN:
            return
    raise AssertionError("never heals")


@pytest.mark.parametrize("mode", MODES)
def test_it_is_given_back_once_whatever_breaks(
    deployed: InMemory,
    selling: Shop,
    provider: Provider,
    clock: Clock,
    between: Remote,
    mode: Mode,
) -> None:
    placed = owing(selling, provider)
    clock.ahead_ms = 1000
    forget_adapters()
    with between.watch() as calls:
        deployed.invoke("schedule_follow_up", {})
    assert len(calls) > 8

    for at, name in enumerate(calls[:], 1):
        if not mode.applies_to(name) or (at + MODES.index(mode)) % SHARE:
            continue
        clock.ahead_ms = 0
        placed = owing(selling, provider)
        clock.ahead_ms = 1000
        forget_adapters()
        with between.watch(Fault(at, mode)):
            try:
                deployed.invoke("schedule_follow_up", {})
            except (Killed, Exception):  # noqa: BLE001 - the next run is another try
                forget_adapters()
        goes_on(deployed, placed, clock)

        [refund] = refunds(deployed, placed)
        assert refund.state in (RefundState.PENDING, RefundState.SUCCEEDED), (at, name)
        assert len(given_back(provider, placed.json["order"]["order_id"])) == 1, (at, name)
