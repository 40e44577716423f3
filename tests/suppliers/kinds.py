"""Every supplier that conforms: its dialect, how our adapter to it is made, and what it sells."""

from collections.abc import Callable
from typing import NamedTuple

from scrip.adapters.suppliers import fulu
from scrip.adapters.suppliers.port import Supplier
from tests.suppliers.dialect import Dialect
from tests.suppliers.fulu import APP_KEY, SECRET, FuluDialect
from tests.suppliers.server import Simulator


class Conforming(NamedTuple):
    """`sku`: of the simulator's goods. `filled`: by a buyer."""

    dialect: Dialect
    made: Callable[[Simulator], Supplier]
    sku: str
    filled: dict[str, str]


def fulu_at(simulator: Simulator) -> Supplier:
    secrets = fulu.SECRETS(app_key=APP_KEY, app_secret=SECRET)
    return fulu.SUPPLIER(
        secrets, simulator.base, simulator.http, clock=lambda: simulator.now_ms / 1000
    )


KINDS = {
    "fulu": Conforming(FuluDialect(fulu.TERMS), fulu_at, "10000587", {"account": "12345678"}),
}
