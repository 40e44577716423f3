"""What the buyer of a top-up fills in, and who can charge it: parts of other bodies."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import Currency, PriceMinor, Slug
from scrip.domain.errors import RequestInvalid
from scrip.domain.form import MAX_CHOICES, MAX_FIELDS, MAX_FILLED, Choice, Field, FieldKind, Form
from scrip.domain.money import Money
from scrip.domain.route import MAX_ROUTES, Route

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
    `worth_minor` and `worth_currency`: what the buyer gets, where the supplier must be told."""

    supplier: Slug
    sku: Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[!-~]+\Z")]
    worth_minor: PriceMinor | None = None
    worth_currency: Currency | None = None


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
    return tuple(Route(each.supplier, each.sku, _worth(each)) for each in routes)


def _worth(route: SupplierRoute) -> Money | None:
    if route.worth_minor is None and route.worth_currency is None:
        return None
    if route.worth_minor is None or route.worth_currency is None:
        raise RequestInvalid("routes: worth_minor and worth_currency go together")
    return Money(route.worth_minor, route.worth_currency)


def supplier_routes(routes: Sequence[Route]) -> list[SupplierRoute]:
    return [
        SupplierRoute(supplier, sku, *((worth.amount_minor, worth.currency) if worth else ()))
        for supplier, sku, worth in routes
    ]
