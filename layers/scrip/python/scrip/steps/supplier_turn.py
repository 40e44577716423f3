"""Whose turn it is to call a supplier, and which of several is called."""

from collections.abc import Sequence
from typing import Protocol

from scrip.domain.attempt import Said
from scrip.domain.catalogue import Variant
from scrip.domain.charge import Charge
from scrip.domain.errors import SupplierUnknown
from scrip.domain.gate import Gate, Lane, Turn, Wait
from scrip.domain.line import Line
from scrip.domain.route import Route
from scrip.domain.routing import Choice, Wanted, choose
from scrip.domain.standing import Standing
from scrip.domain.supplier_terms import MINUTE_MS, Terms
from scrip.domain.top_up import Reserved, TopUp, routes_left

NO_ACCOUNT_MS = 15 * MINUTE_MS
BARRED_MS = 5 * MINUTE_MS
"""As often as suppliers are asked for what bars routes."""


class Supplier(Protocol):
    @property
    def terms(self) -> Terms: ...
    def send(self, charge: Charge) -> Said: ...
    def ask(self, charge: Charge) -> Said: ...


class Catalogue(Protocol):
    def find_variant(self, merchant_id: str, variant_id: str) -> Variant | None: ...


class Standings(Protocol):
    def of(self, merchant_id: str, account: str) -> Standing: ...


class Suppliers(Protocol):
    def of(self, merchant_id: str, account: str) -> Supplier: ...


class Gates(Protocol):
    def take(
        self,
        merchant_id: str,
        account: str,
        lane: Lane,
        per_second: float,
        now_ms: int,
        luck: float,
    ) -> Turn | Wait: ...
    def holds(self, merchant_id: str, account: str, turn: Turn) -> Gate | None: ...
    def enter(self, merchant_id: str, account: str, at_once: int, now_ms: int) -> str | None: ...
    def leave(self, merchant_id: str, account: str, lease: str) -> None: ...
    def trouble(self, merchant_id: str, account: str, now_ms: int) -> bool: ...
    def sense(self, merchant_id: str, account: str) -> None: ...


def routes_of(
    merchant_id: str,
    line: Line,
    top_up: TopUp | None,
    now_ms: int,
    catalogue: Catalogue,
    standings: Standings,
) -> Choice:
    """By which a unit may be sent: what may have arrived somewhere goes nowhere else."""
    if top_up and top_up.attempt.state.open:
        return Choice((top_up.route,))
    variant = catalogue.find_variant(merchant_id, line.variant_id)
    if variant is None:
        return Choice(())
    routes = routes_left(variant.routes, top_up) if top_up else variant.routes
    known = {each.supplier: standings.of(merchant_id, each.supplier) for each in routes}
    wanted = Wanted(line.unit_price, variant.routing, placed=True)
    return choose(wanted, routes, known, now_ms)


def take_turn(
    merchant_id: str,
    account: str,
    lane: Lane,
    terms: Terms,
    reserved: Reserved | None,
    *,
    now_ms: int,
    luck: float,
    gates: Gates,
) -> Turn | Wait:
    """The one that was reserved, if it still counts; else a new one."""
    if reserved and reserved.account == account:
        gate = gates.holds(merchant_id, account, reserved.turn)
        if gate:
            return reserved.turn._replace(troubled=gate.troubles > 0)
    return gates.take(merchant_id, account, lane, terms.per_second, now_ms, luck)


def first_turn(
    merchant_id: str,
    routes: Sequence[Route],
    reserved: Reserved | None,
    *,
    now_ms: int,
    luck: float,
    gates: Gates,
    suppliers: Suppliers,
) -> tuple[Route, Supplier, Turn] | Wait:
    """To send through the first of these that takes calls; else when to come again. An account that
    the merchant took away may be set again, what bars all routes may change."""
    waits = []
    for route in routes:
        try:
            supplier = suppliers.of(merchant_id, route.supplier)
        except SupplierUnknown:
            waits.append(Wait(now_ms + NO_ACCOUNT_MS))
            continue
        turn = take_turn(
            merchant_id,
            route.supplier,
            Lane.SEND,
            supplier.terms,
            reserved,
            now_ms=now_ms,
            luck=luck,
            gates=gates,
        )
        if isinstance(turn, Turn):
            return route, supplier, turn
        waits.append(turn)
    return min(waits, default=Wait(now_ms + BARRED_MS))
