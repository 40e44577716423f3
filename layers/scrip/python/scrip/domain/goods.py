"""The kinds of goods: how each is delivered."""

from enum import Enum


class Kind(Enum):
    """How a good is delivered. Others join with what delivers them."""

    CODE_POOL = "code_pool"
    GENERATED_KEY = "generated_key"

    @property
    def made_on_demand(self) -> bool:
        """Whether its supply has no end, so that nothing is claimed."""
        return self is Kind.GENERATED_KEY
