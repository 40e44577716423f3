"""Every supplier that conforms: its dialect, how our adapter to it is made, and what it sells."""

from collections.abc import Callable
from typing import Any, NamedTuple

from scrip.adapters.suppliers import (
    configured,
    ding,
    dtone,
    fulu,
    reloadly,
    reloadly_cards,
    tango,
)
from scrip.adapters.suppliers.port import Supplier
from scrip.domain.goods import Kind
from tests.suppliers import dtone_asking, reloadly_asking
from tests.suppliers.configured import ConfiguredDialect
from tests.suppliers.configured_making import EXAMPLE, REST, settings
from tests.suppliers.dialect import Dialect
from tests.suppliers.ding import API_KEY, DingDialect
from tests.suppliers.dtone import DtoneDialect
from tests.suppliers.fulu import APP_KEY, SECRET, FuluDialect
from tests.suppliers.reloadly import CLIENT_ID, CLIENT_SECRET, WEBHOOK_SECRET, ReloadlyDialect
from tests.suppliers.reloadly_cards import ReloadlyCardsDialect
from tests.suppliers.server import Simulator
from tests.suppliers.tango import ACCOUNT, CUSTOMER, KEY, PLATFORM, TangoDialect


class Conforming(NamedTuple):
    """`sku`: of the simulator's goods, `kind`: what they are. `filled`: by a buyer."""

    dialect: Dialect
    made: Callable[[Simulator], Supplier]
    sku: str
    filled: dict[str, str]
    kind: Kind = Kind.TOP_UP


def fulu_at(simulator: Simulator) -> Supplier:
    secrets = fulu.SECRETS(app_key=APP_KEY, app_secret=SECRET)
    return fulu.SUPPLIER(
        secrets, simulator.base, simulator.http, clock=lambda: simulator.now_ms / 1000
    )


def ding_at(simulator: Simulator) -> Supplier:
    return ding.SUPPLIER(ding.SECRETS(API_KEY), simulator.base, simulator.http)


def tango_at(simulator: Simulator) -> Supplier:
    return tango.SUPPLIER(
        tango.SECRETS(PLATFORM, KEY, CUSTOMER, ACCOUNT), simulator.base, simulator.http
    )


def cards_at(simulator: Simulator) -> Supplier:
    secrets = reloadly_cards.SECRETS(
        CLIENT_ID, CLIENT_SECRET, webhook_secret=WEBHOOK_SECRET, sender_name="Shop"
    )
    return reloadly_cards.SUPPLIER(secrets, simulator.base, simulator.http)


def by_settings(
    of: dict[str, Any], account_field: str, kind: Kind = Kind.TOP_UP, **changes: Any
) -> Conforming:
    said = settings(of, **changes)

    def made(simulator: Simulator) -> Supplier:
        return configured.SUPPLIER(
            said, simulator.base, simulator.http, lambda: simulator.now_ms / 1000
        )

    filled = {"phone": "13800138000"}
    return Conforming(ConfiguredDialect(said, account_field), made, "10", filled, kind)


KINDS = {
    "configured, a form, new after a failure": by_settings(EXAMPLE, "account"),
    "configured, JSON, replays": by_settings(REST, "to"),
    "configured, codes": by_settings(
        REST,
        "to",
        Kind.BOUGHT_CODE,
        answers__secret={"code": "order.cards.no", "pin": "order.cards.password"},
    ),
    "ding": Conforming(DingDialect(ding.TERMS), ding_at, "JM_DC_TopUp", {"phone": "18760000000"}),
    "dtone": Conforming(
        DtoneDialect(dtone.TERMS), dtone_asking.supplier, "4001", {"phone": "+6595123100"}
    ),
    "fulu": Conforming(FuluDialect(fulu.TERMS), fulu_at, "10000587", {"account": "12345678"}),
    "reloadly": Conforming(
        ReloadlyDialect(reloadly.TERMS), reloadly_asking.supplier, "NG:341:10", {"phone": "+234814"}
    ),
    "reloadly_cards": Conforming(
        ReloadlyCardsDialect(reloadly_cards.TERMS), cards_at, "120:25", {}, Kind.BOUGHT_CODE
    ),
    "tango, codes": Conforming(
        TangoDialect(tango.TERMS), tango_at, "U123456:25", {}, Kind.BOUGHT_CODE
    ),
    "tango": Conforming(
        TangoDialect(tango.TERMS), tango_at, "U123456:25", {"email": "b@x.example"}
    ),
}
