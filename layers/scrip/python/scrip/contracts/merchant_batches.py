"""Bodies of the merchant API about batches: what is left of them, who has their codes, recall."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import Email, Milliseconds, OrderId, Title
from scrip.contracts.merchant import PAGE_LIMIT, VariantPath
from scrip.contracts.merchant_vault import BatchId, BatchPath
from scrip.contracts.operation import OPERATOR, READER, Operation
from scrip.domain import errors
from scrip.domain.order import OrderState

BatchState = Literal["importing", "published", "recalled"]


class BatchesQuery(Struct, forbid_unknown_fields=True):
    """Paging; `before_ms` is the `created_at_ms` of the last batch of the page before."""

    before_ms: Milliseconds | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_LIMIT)] = 25


class BatchView(Struct):
    """An import. `codes` of it were new; nobody can buy of it before it is published or after it
    is recalled."""

    batch_id: BatchId
    state: BatchState
    codes: int
    created_at_ms: Milliseconds
    recalled_at_ms: Milliseconds | None = None


class BatchesView(Struct):
    """Newest first."""

    batches: list[BatchView]


class BatchFiguresView(Struct):
    """Where the codes of a batch are. `sold` counts those that an unpaid order holds, too; `ended`
    are past their last day. `recalled` grows until the recall is complete."""

    batch_id: BatchId
    state: BatchState
    codes: int
    sold: int
    on_sale: int
    ended: int
    recalled: int
    created_at_ms: Milliseconds
    recalled_at_ms: Milliseconds | None = None
    recalled_by: str | None = None
    reason: str | None = None
    complete: bool = True


class RecallBatch(Struct, forbid_unknown_fields=True):
    """Why a batch is recalled. Goes into the audit trail: no code belongs in it."""

    reason: Title


class BatchRecalled(Struct):
    """Nothing of the batch is sold from `recalled_at_ms` on. `recalled`: unsold codes found so far.
    Unless it is `complete`, orders placed before may still get codes of it: send again."""

    batch_id: BatchId
    recalled_at_ms: Milliseconds
    recalled: int
    complete: bool


class SoldCodesQuery(Struct, forbid_unknown_fields=True):
    """Paging; `cursor` comes from the page before."""

    cursor: Annotated[str, Meta(max_length=40)] | None = None


class SoldCodeView(Struct):
    """Whose a code of the batch is; line and unit are counted from 0. An order that is `pending`
    holds it, or is being paid this moment. Without a state, `order_id` is an export's. `revealed`:
    whether somebody may have seen it. `replaced`: it was bad, and the buyer has another one;
    `replacement`: it is such another one."""

    order_id: OrderId
    line: int
    unit: int
    state: OrderState | None
    email: Email | None
    revealed: bool
    replaced: bool
    replacement: bool


class SoldCodesView(Struct):
    """A page may hold few codes, or none, and still go on: to the end when `next_cursor` is
    null."""

    codes: list[SoldCodeView]
    next_cursor: str | None


BATCH_OPERATIONS = (
    Operation(
        "GET /v1/merchant/variants/{variant_id}/batches",
        "list_batches",
        "List the batches of a variant, newest first",
        READER,
        {200: BatchesView},
        path=VariantPath,
        query=BatchesQuery,
        problems=(errors.VariantUnknown,),
    ),
    Operation(
        "GET /v1/merchant/variants/{variant_id}/batches/{batch_id}",
        "read_batch",
        "Read where the codes of a batch are",
        READER,
        {200: BatchFiguresView},
        path=BatchPath,
        problems=(errors.BatchUnknown,),
    ),
    Operation(
        "GET /v1/merchant/variants/{variant_id}/batches/{batch_id}/orders",
        "list_batch_orders",
        "List the orders that have codes of a batch",
        READER,
        {200: SoldCodesView},
        path=BatchPath,
        query=SoldCodesQuery,
        problems=(errors.BatchUnknown,),
    ),
    Operation(
        "POST /v1/merchant/variants/{variant_id}/batches/{batch_id}/recall",
        "recall_batch",
        "Take a batch off sale at once and for ever",
        OPERATOR,
        {200: BatchRecalled},
        path=BatchPath,
        body=RecallBatch,
        problems=(errors.BatchUnknown,),
    ),
)
