"""Whatever happens in whatever order, and breaks wherever it breaks: a model agrees.

    SCRIP_STORIES=1000-1500 pytest -n 0 tests/crash/test_any_order_of_things.py

tells those stories instead of the few that everybody has time for.
"""

import os
from collections.abc import Callable, Iterator

import pytest

from tests.crash.any_order.story import tell
from tests.crash.world import World, world
from tests.oracles.stripe_server import StripeServer
from tests.share import SHARE

FIRST, LAST = map(int, os.environ.get("SCRIP_STORIES", f"1-{24 // SHARE}").split("-"))


@pytest.fixture(scope="module")
def opened(stripe_api: StripeServer) -> Iterator[tuple[World, Callable[[], None]]]:
    """A world, and what puts it back as it was."""
    with world(stripe_api) as found:
        found.restocked = True  # the model knows better when something is sold out
        yield found, found.snapshot()


@pytest.mark.parametrize("number", range(FIRST, LAST + 1))
def test_any_order_of_things_agrees_with_the_model(
    opened: tuple[World, Callable[[], None]], number: int
) -> None:
    found, restore = opened
    restore()

    tell(found, number)
