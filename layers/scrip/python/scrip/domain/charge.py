"""What a supplier is asked to do: charge one account of a buyer's, or sell one code, once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from scrip.domain.goods import Kind
from scrip.domain.money import Money


@dataclass(frozen=True, slots=True)
class Charge:
    """`reference`: ours, under which the supplier knows it, 22 letters and digits. `sku`: its name
    for what is bought. `filled`: what the buyer filled in, by field: an account, a phone, a region.
    `worth`: what the buyer gets, where the supplier must be told. `ref`: its own id of the order,
    where it told one. `callback_url`: where it may tell what became of it. `kind`: whether an
    account is charged or a code handed to us."""

    reference: str
    sku: str
    filled: Mapping[str, str] = field(repr=False)
    worth: Money | None = None
    ref: str = ""
    callback_url: str = ""
    kind: Kind = Kind.TOP_UP


class Quote(NamedTuple):
    """What a supplier asks for one of its goods, and whether it has any."""

    cost: Money
    available: bool
