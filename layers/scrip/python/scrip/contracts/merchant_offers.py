"""Bodies of the merchant API about how much of its stock is on offer."""

from typing import Annotated

from msgspec import Meta, Struct

from scrip.contracts.fields import Slug
from scrip.contracts.merchant import VariantPath
from scrip.contracts.operation import OPERATOR, Operation
from scrip.domain import errors
from scrip.domain.offer import MAX_UNITS


class PutOffer(Struct, forbid_unknown_fields=True):
    """Of what is in stock, orders placed from now on have at most so many; null: everything."""

    units: Annotated[int, Meta(ge=0, le=MAX_UNITS)] | None


class OfferView(Struct):
    """Codes or units that orders may have now, and those in stock that they may not."""

    variant_id: Slug
    offered: int
    kept: int


OFFER_OPERATIONS = (
    Operation(
        "PUT /v1/merchant/variants/{variant_id}/offer",
        "put_offer",
        "Set how much of a variant's stock is on offer",
        OPERATOR,
        {200: OfferView},
        path=VariantPath,
        body=PutOffer,
        problems=(errors.VariantUnknown, errors.SupplyMismatch),
    ),
)
