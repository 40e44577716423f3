"""What the buyer of a top-up fills in, and who can charge it: parts of other bodies."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import Currency, PriceMinor, Slug
from scrip.domain.errors import RequestInvalid
from scrip.domain.form import MAX_CHOICES, MAX_FIELDS, MAX_FILLED, Choice, Field, FieldKind, Form
from scrip.domain.money import Money
from scrip.domain.route import MAX_ROUTES, Preference, Route, Routing

FieldName = Annotated[
    str,
    Meta(pattern=r"^[a-z][a-z0-9_]{0,31}\Z", description="By which suppliers' settings know it"),
]
Label = Annotated[str, Meta(min_length=1, max_length=MAX_FILLED, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
FilledIn = Annotated[
    dict[FieldName, Annotated[str, Meta(max_length=2 * MAX_FILLED)]],
    Meta(
        max_length=MAX_FIELDS,
        description="What the buyer filled in, by the name of the field",
        examples=[{"phone": "+4915112345678"}],
    ),
]
FateName = Literal["open", "done", "failed", "reversed"]


Sku = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[!-~]+\Z")]


class FieldChoice(Struct, forbid_unknown_fields=True):
    """`value` is filled in, `label` is shown."""

    value: Annotated[str, Meta(min_length=1, max_length=MAX_FILLED)]
    label: Label


class FormField(Struct, forbid_unknown_fields=True):
    """A field of a form. `pattern` goes with `text`: classes of symbols and how many of them, such
    as `[0-9]{8,10}` or `[A-Z]{2}[0-9]{6}`; a page may use it as a regular expression, as it stands.
    `choices` go with `choice`."""

    name: FieldName
    label: Label
    kind: Literal["text", "phone", "choice"] = "text"
    pattern: Annotated[str, Meta(max_length=200)] = ""
    choices: Annotated[list[FieldChoice], Meta(max_length=MAX_CHOICES)] = []
    required: bool = True


class SupplierRoute(Struct, forbid_unknown_fields=True):
    """A supplier account by the name that you gave it, and what that supplier calls the good.
    `worth_minor` and `worth_currency`: what the buyer gets, where the supplier must be told.
    `max_cost_minor` and `max_cost_currency`: the most that a unit may cost there, in the currency
    of your account."""

    supplier: Slug
    sku: Sku
    worth_minor: PriceMinor | None = None
    worth_currency: Currency | None = None
    max_cost_minor: PriceMinor | None = None
    max_cost_currency: Currency | None = None


class RoutingOfVariant(Struct, frozen=True, forbid_unknown_fields=True):
    """Which route is tried first: the one that is expected to cost least, or the first in the list.
    `margin_percent`: of the price that must be left to you where the supplier is paid in the
    currency of the price; below 0: so much you are willing to lose."""

    preference: Literal["cheapest", "listed"] = "cheapest"
    margin_percent: Annotated[int, Meta(ge=-900, le=99)] = 0


BarredName = Literal["availability", "price", "balance"]
FormFields = Annotated[list[FormField], Meta(min_length=1, max_length=MAX_FIELDS)]
SupplierRoutes = Annotated[list[SupplierRoute], Meta(max_length=MAX_ROUTES)]


def form_of(fields: Sequence[FormField] | None) -> Form | None:
    if fields is None:
        return None
    return Form(
        tuple(
            Field(
                name=each.name,
                label=each.label,
                kind=FieldKind(each.kind),
                pattern=each.pattern,
                choices=tuple(Choice(choice.value, choice.label) for choice in each.choices),
                required=each.required,
            )
            for each in fields
        )
    )


def form_fields(form: Form | None) -> list[FormField] | None:
    if form is None:
        return None
    return [
        FormField(
            name=each.name,
            label=each.label,
            kind=each.kind.value,
            pattern=each.pattern,
            choices=[FieldChoice(*choice) for choice in each.choices],
            required=each.required,
        )
        for each in form.fields
    ]


def routes_of(routes: Sequence[SupplierRoute]) -> tuple[Route, ...]:
    """Raises RequestInvalid."""
    return tuple(
        Route(
            each.supplier,
            each.sku,
            _money("worth", each.worth_minor, each.worth_currency),
            _money("max_cost", each.max_cost_minor, each.max_cost_currency),
        )
        for each in routes
    )


def _money(name: str, minor: int | None, currency: str | None) -> Money | None:
    if minor is None and currency is None:
        return None
    if minor is None or currency is None:
        raise RequestInvalid(f"routes: {name}_minor and {name}_currency go together")
    return Money(minor, currency)


def supplier_routes(routes: Sequence[Route]) -> list[SupplierRoute]:
    return [
        SupplierRoute(each.supplier, each.sku, *_parts(each.worth), *_parts(each.max_cost))
        for each in routes
    ]


def _parts(money: Money | None) -> tuple[int, str] | tuple[None, None]:
    return (money.amount_minor, money.currency) if money else (None, None)


def routing_of(routing: RoutingOfVariant) -> Routing:
    return Routing(Preference(routing.preference), routing.margin_percent)


def routing_view(routes: Sequence[Route], routing: Routing) -> RoutingOfVariant | None:
    """None where there is nothing to choose from."""
    if not routes:
        return None
    return RoutingOfVariant(routing.preference.value, routing.margin_percent)
