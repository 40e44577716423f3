"""Bodies of the question whether a top-up can be charged, before anything is ordered."""

from msgspec import Struct

from scrip.contracts.fields import Slug
from scrip.contracts.operation import STOREFRONT, Operation
from scrip.contracts.top_up import FilledIn
from scrip.domain import errors
from scrip.domain.precheck import Checked, Refusal, Result


class CheckTopUp(Struct, forbid_unknown_fields=True):
    """What a buyer is about to order, as filled in."""

    variant_id: Slug
    filled: FilledIn = {}


class TopUpChecked(Struct):
    """`ok`: its supplier would take it now. `refused`: it says that it cannot charge this account
    (`account`), or does not sell this now (`good`). `unknown`: it cannot be asked beforehand, is
    busy with orders or did not answer in time; an order may well succeed."""

    result: Result
    reason: Refusal | None


def top_up_checked(checked: Checked) -> TopUpChecked:
    return TopUpChecked(*checked)


PRECHECK_OPERATIONS = (
    Operation(
        "POST /v1/top-ups/checks",
        "check_top_up",
        "Ask whether a top-up can be charged, before it is ordered",
        STOREFRONT,
        {200: TopUpChecked},
        body=CheckTopUp,
        problems=(
            errors.VariantNotForSale,
            errors.FormMisfilled,
            errors.TooManyRequests,
            errors.SealBroken,
        ),
    ),
)
