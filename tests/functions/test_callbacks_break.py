"""Every call that a provider's callback asks for breaks in every way, at each provider: told again
until it is acknowledged, the order is delivered, once, and the callback is kept."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.crash.remote import Fault, Killed, Mode, Remote, remote
from tests.fast_clients import kept_clients
from tests.functions.by_provider import pay, place, tell
from tests.in_memory import InMemory, forget_adapters
from tests.oracles.paying import Provider, Signed
from tests.share import SHARE
from tests.shop import Reply, Shop

MODES = (Mode.KILLED_AFTER, Mode.ANSWERS_LOST, Mode.BUSY_ON)
ACKNOWLEDGED = (200, 204)


@pytest.fixture
def between() -> Iterator[Remote]:
    with remote() as made, kept_clients():
        yield made


def told_again(selling: Shop, provider: Provider, signed: Signed) -> None:
    """As the provider does, until it is acknowledged."""
    for _ in range(6):
        forget_adapters()
        if tell(selling, provider, signed).status in ACKNOWLEDGED:
            return
    raise AssertionError("never acknowledged")


def claimed(deployed: InMemory) -> list[str]:
    chunks = [each for each in deployed.table("stock").scan()["Items"] if "claimed" in each]
    return [unit for chunk in chunks for unit in chunk["claimed"]]


@pytest.mark.parametrize("mode", MODES)
def test_it_is_delivered_once_whatever_breaks(
    deployed: InMemory, selling: Shop, provider: Provider, between: Remote, mode: Mode
) -> None:
    def paid() -> tuple[Reply, Signed]:
        placed = place(selling, provider)
        signed = pay(provider, placed)
        forget_adapters()
        return placed, signed

    with between.watch() as calls:
        assert tell(selling, provider, paid()[1]).status in ACKNOWLEDGED
    asked = calls[:]
    assert len(asked) > 4

    for at, name in enumerate(asked, 1):
        if not mode.applies_to(name) or (at + MODES.index(mode)) % SHARE:
            continue
        placed, signed = paid()
        before = len(claimed(deployed))
        with between.watch(Fault(at, mode)), suppress(Killed):
            tell(selling, provider, signed)
        told_again(selling, provider, signed)

        assert selling.read(placed).json["state"] == "delivered", (at, name)
        assert len(claimed(deployed)) == before + 1, (at, name)
