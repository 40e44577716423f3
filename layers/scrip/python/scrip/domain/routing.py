"""By which of several routes a unit goes: which are barred, and which of the others comes first.

    why barred      a route is barred where it is known that
    availability    its supplier has none of the good
    price           a unit costs more than its guard: the route's `max_cost`, and the price less the
                    margin, each where it is in the currency that the supplier is paid in
    balance         the account holds less than a unit costs; for new orders, less than its reserve

What is not known, or was told too long ago, bars nothing. The others go cheapest first, by what a
unit is expected to cost:

    cost x (100 % + failed % + 1 % for each minute that half of the orders took, 10 % at most)

of the last seven days, where there were 20 orders or more. Costs in different currencies are never
compared: a route that cannot be compared keeps its place in the merchant's list, and so does every
route where the merchant wants that list's order.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import NamedTuple

from scrip.domain.charge import Quote
from scrip.domain.money import Money
from scrip.domain.route import Barred, Preference, Route, Routing
from scrip.domain.standing import FRESH_MS, Record, Standing
from scrip.domain.supplier_terms import MINUTE_MS

ENOUGH_ATTEMPTS = 20
"""Fewer say nothing: one failure of five is no fifth."""

SLOW_PERMILLE, SLOWEST_PERMILLE = 10, 100


class Choice(NamedTuple):
    """`routes`: by which a unit may go, in the order to try. `barred`: the others, and why."""

    routes: tuple[Route, ...]
    barred: tuple[tuple[Route, Barred], ...] = ()

    @property
    def why(self) -> tuple[Barred, ...]:
        """Why nothing goes by any, each reason once. None where there is one to try."""
        found = set() if self.routes else {why for _, why in self.barred}
        return tuple(each for each in Barred if each in found)

    @property
    def first(self) -> Route | None:
        """To begin with, if only in writing."""
        return next(chain(self.routes, (route for route, _ in self.barred)), None)


class Wanted(NamedTuple):
    """A unit to be delivered. `price`: what its buyer paid, or would. `placed`: its order is there
    already, so what an account holds in reserve is for it."""

    price: Money
    routing: Routing
    placed: bool


class _Seen(NamedTuple):
    """A route, and what is known of it. `needed_minor`: in the balance's currency."""

    route: Route
    quote: Quote | None
    balance: Money | None
    needed_minor: int | None
    guard_minor: int | None
    record: Record


RULES: dict[Barred, Callable[[_Seen], bool]] = {
    Barred.AVAILABILITY: lambda seen: seen.quote is not None and not seen.quote.available,
    Barred.PRICE: lambda seen: (
        seen.quote is not None
        and seen.guard_minor is not None
        and seen.quote.cost.amount_minor > seen.guard_minor
    ),
    Barred.BALANCE: lambda seen: (
        seen.balance is not None
        and seen.needed_minor is not None
        and seen.balance.amount_minor < seen.needed_minor
    ),
}


def choose(
    wanted: Wanted,
    routes: Sequence[Route],
    standings: Mapping[str, Standing],
    now_ms: int,
    fresh_ms: int = FRESH_MS,
) -> Choice:
    """`standings`: by account; one that is missing is not known."""
    seen = [_seen(wanted, route, standings, now_ms - fresh_ms) for route in routes]
    why = {
        each.route: next((why for why, bars in RULES.items() if bars(each)), None) for each in seen
    }
    left = [each for each in seen if why[each.route] is None]
    if wanted.routing.preference is Preference.CHEAPEST:
        left = list(_cheapest_first(left))
    barred = tuple((route, because) for route, because in why.items() if because)
    return Choice(tuple(each.route for each in left), barred)


def guard_minor(route: Route, price: Money, margin_percent: int, currency: str) -> int | None:
    """The most that a unit may cost in this currency; None: nothing says."""
    guards = []
    if route.max_cost and route.max_cost.currency == currency:
        guards.append(route.max_cost.amount_minor)
    if price.currency == currency:
        guards.append(price.amount_minor * (100 - margin_percent) // 100)
    return min(guards, default=None)


def _seen(wanted: Wanted, route: Route, standings: Mapping[str, Standing], since_ms: int) -> _Seen:
    standing = standings.get(route.supplier, Standing(route.supplier))
    quoted, known = standing.quotes.get(route.sku), standing.balance
    quote = quoted.quote if quoted and quoted.at_ms >= since_ms else None
    balance = known.money if known and known.at_ms >= since_ms else None
    cost = quote.cost if quote else None
    needed = None
    if cost and balance and cost.currency == balance.currency:
        needed = cost.amount_minor
    if not wanted.placed:
        reserve = standing.reserve_minor(cost)
        needed = max((each for each in (needed, reserve) if each is not None), default=None)
    margin = wanted.routing.margin_percent
    guard = guard_minor(route, wanted.price, margin, cost.currency) if cost else None
    return _Seen(route, quote, balance, needed, guard, standing.record)


def _cheapest_first(seen: Sequence[_Seen]) -> Iterator[_Seen]:
    """Of each currency the cheapest takes the first of the places that its routes have. Among
    equals, and where nothing is known, the merchant's order stays."""
    sorted_ = sorted(seen, key=_currency)
    by_currency = {
        currency: iter(sorted(those, key=expected_cost))
        for currency, those in groupby(sorted_, key=_currency)
    }
    for each in seen:
        yield next(by_currency[_currency(each)])


def _currency(seen: _Seen) -> str:
    return seen.quote.cost.currency if seen.quote else ""


def expected_cost(seen: _Seen) -> int:
    """In thousandths of a minor unit."""
    cost = seen.quote.cost.amount_minor if seen.quote else 0
    return cost * (1000 + penalty_permille(seen.record))


def penalty_permille(record: Record) -> int:
    """What a record adds to a cost."""
    if record.attempts < ENOUGH_ATTEMPTS:
        return 0
    failed = 1000 * (record.attempts - record.done) // record.attempts
    slow = min(record.half_ms * SLOW_PERMILLE // MINUTE_MS, SLOWEST_PERMILLE)
    return failed + slow
