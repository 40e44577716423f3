"""A story: steps chosen by its number, so that the number tells it again.

    python -m tests.crash.any_order.story 4711

tells the shortest that is left of a story that ends badly. Hypothesis is not asked: of few and long
examples it makes most by changing others a little, and what is one step there is many here.
"""

import sys
from collections.abc import Callable, Collection

from tests.crash.any_order.after_sale import AfterSale
from tests.crash.any_order.machine import MOST_CALLS, TROUBLES, Trouble
from tests.crash.any_order.stocking import Stocking
from tests.crash.any_order.withdrawing import Withdrawing
from tests.crash.world import World, world
from tests.oracles.stripe_server import stripe_server

STEPS = 40
ACTS = {
    "import_codes": 3,
    "import_file": 4,
    "add_units": 1,
    "time_goes_by": 4,
    "watch": 2,
    "look": 2,
    "place": 9,
    "buy": 4,
    "pay": 9,
    "sweep": 3,
    "read": 1,
    "reveal": 2,
    "replace": 4,
    "take_back": 4,
    "shred_unit": 1,
    "recall": 3,
    "shred_batch": 2,
    "ask_export": 3,
    "approve": 5,
    "refuse": 1,
    "download": 2,
    "ask_once_more": 3,
}
"""How often each happens."""


class Story(Stocking, AfterSale, Withdrawing):
    """All that happens to stock."""


def tell(opened: World, number: int, without: Collection[int] = ()) -> list[str]:
    """What happened. What a step does follows from its place, whatever is left out before it."""
    story = Story(opened)
    try:
        story.luck.seed(f"{number}")
        story.open()
        for step in range(STEPS):
            if step in without:
                continue
            story.luck.seed(f"{number}.{step}")
            [act] = story.luck.choices([*ACTS], [*ACTS.values()])
            if story.luck.random() < 0.6:
                story.trouble = Trouble(
                    story.luck.randint(1, MOST_CALLS), story.luck.choice(TROUBLES)
                )
            story.told.append(f"{step} {act}, {story.trouble}")
            getattr(story, act)()
            story.trouble = None
            story.all_is_well()
        story.told.append("the end")
        story.close()
    except Exception as error:
        error.add_note("\n".join([f"story {number}", *story.told]))
        raise
    return story.told


def shortened(opened: World, restore: Callable[[], None], number: int) -> Exception | None:
    """How it ends with as few steps as are needed for that; None if it ends well."""
    without: set[int] = set()
    found = None
    for step in (None, *range(STEPS)):
        restore()
        tried = without | ({step} if step is not None else set())
        try:
            tell(opened, number, tried)
        except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
            found, without = error, tried
        else:
            if step is None:
                return None
    return found


if __name__ == "__main__":
    with stripe_server() as stripe, world(stripe) as opened:
        opened.restocked = True
        error = shortened(opened, opened.snapshot(), int(sys.argv[1]))
    if error:
        raise error
