"""The kinds of goods: how each is delivered, and what bounds how many can be sold."""

from enum import Enum


class Kind(Enum):
    """How a good is delivered. Others join with what delivers them."""

    CODE_POOL = "code_pool"
    GENERATED_KEY = "generated_key"
    TOP_UP = "top_up"
    """A supplier charges the buyer's account elsewhere: nothing is handed over."""
    BOUGHT_CODE = "bought_code"
    """A code that a supplier is asked for once it is paid."""


BY_SUPPLIERS = (Kind.TOP_UP, Kind.BOUGHT_CODE)
"""Unit by unit, once an order is paid."""


class Supply(Enum):
    """What a sale uses up: an imported code, a unit of a number the merchant set, or nothing."""

    CODES = "codes"
    COUNTED = "counted"
    UNLIMITED = "unlimited"


SUPPLIES: dict[Kind, tuple[Supply, ...]] = {
    Kind.CODE_POOL: (Supply.CODES,),
    Kind.GENERATED_KEY: (Supply.UNLIMITED, Supply.COUNTED),
    Kind.TOP_UP: (Supply.UNLIMITED,),
    Kind.BOUGHT_CODE: (Supply.UNLIMITED,),
}
"""What each kind may be supplied by; the first unless the merchant says otherwise."""
