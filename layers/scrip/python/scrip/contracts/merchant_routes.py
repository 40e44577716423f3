"""Bodies of the merchant API about the routes of a variant."""

from collections.abc import Mapping

from msgspec import Struct

from scrip.contracts.fields import AmountMinor, Currency, Milliseconds, Slug
from scrip.contracts.merchant import VariantPath
from scrip.contracts.operation import READER, Operation
from scrip.contracts.top_up import BarredName, RoutingOfVariant, Sku, routing_view
from scrip.domain import errors
from scrip.domain.catalogue import Variant
from scrip.domain.money import Money
from scrip.domain.route import Route
from scrip.domain.routing import Choice
from scrip.domain.standing import Standing


class ToldAmount(Struct):
    """What a good costs, or an account holds, as the supplier told it last."""

    amount_minor: AmountMinor
    currency: Currency
    told_at_ms: Milliseconds


class RouteView(Struct):
    """A route, and what is known of it. `turn`: as the how manieth a new order would try it, from
    1; null where it is barred, and `barred` says why. `cost` and `balance` are null while the
    supplier has told none. Of the last seven days: `orders` that came to an end or to a person,
    `done` of them, half of all within `half_ms`."""

    supplier: Slug
    sku: Sku
    turn: int | None
    barred: BarredName | None
    cost: ToldAmount | None
    available: bool | None
    balance: ToldAmount | None
    orders: int
    done: int
    half_ms: int | None


class RoutesView(Struct):
    """Routes in the order of your list. `halted`: why the variant is not sold for now, since
    `halted_at_ms`; decided every five minutes."""

    variant_id: Slug
    routing: RoutingOfVariant | None
    halted: list[BarredName]
    halted_at_ms: Milliseconds | None
    routes: list[RouteView]


def routes_view(variant: Variant, standings: Mapping[str, Standing], choice: Choice) -> RoutesView:
    halt = variant.halt if variant.halted else None
    return RoutesView(
        variant.variant_id,
        routing_view(variant.routes, variant.routing),
        [why.value for why in halt.why] if halt else [],
        halt.since_ms if halt else None,
        [_route_view(route, standings[route.supplier], choice) for route in variant.routes],
    )


def _route_view(route: Route, standing: Standing, choice: Choice) -> RouteView:
    quoted, balance, record = standing.quotes.get(route.sku), standing.balance, standing.record
    why = dict(choice.barred).get(route)
    return RouteView(
        supplier=route.supplier,
        sku=route.sku,
        turn=None if why else choice.routes.index(route) + 1,
        barred=why.value if why else None,
        cost=_told(quoted.quote.cost, quoted.at_ms) if quoted else None,
        available=quoted.quote.available if quoted else None,
        balance=_told(balance.money, balance.at_ms) if balance else None,
        orders=record.attempts,
        done=record.done,
        half_ms=record.half_ms or None,
    )


def _told(money: Money, at_ms: int) -> ToldAmount:
    return ToldAmount(money.amount_minor, money.currency, at_ms)


READ_ROUTES = Operation(
    "GET /v1/merchant/variants/{variant_id}/routes",
    "read_routes",
    "Which supplier a top-up would go to, and what is known of each",
    READER,
    {200: RoutesView},
    path=VariantPath,
    problems=(errors.VariantUnknown,),
)
