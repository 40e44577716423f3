"""What the merchant's bodies say of batches."""

from collections.abc import Sequence
from typing import Protocol

from scrip.contracts.merchant_batches import (
    BatchesView,
    BatchFiguresView,
    BatchRecalled,
    BatchState,
    BatchView,
    SoldCodesView,
    SoldCodeView,
)
from scrip.domain.batch_record import BatchRecord, Recall
from scrip.domain.order import Order
from scrip.domain.stock import UnitKey


class Figures(Protocol):
    @property
    def record(self) -> BatchRecord: ...
    @property
    def sold(self) -> int: ...
    @property
    def on_sale(self) -> int: ...
    @property
    def ended(self) -> int: ...
    @property
    def recalled(self) -> int: ...


class Sold(Protocol):
    @property
    def unit(self) -> UnitKey: ...
    @property
    def order(self) -> Order | None: ...
    @property
    def revealed(self) -> bool: ...
    @property
    def replaced(self) -> bool: ...


def batches_view(records: Sequence[BatchRecord]) -> BatchesView:
    return BatchesView(
        [
            BatchView(
                each.batch.batch_id,
                _state(each),
                each.batch.codes,
                each.batch.created_at_ms,
                each.recall.at_ms if each.recall else None,
            )
            for each in records
        ]
    )


def batch_figures_view(figures: Figures) -> BatchFiguresView:
    batch, recall = figures.record.batch, figures.record.recall
    return BatchFiguresView(
        batch_id=batch.batch_id,
        state=_state(figures.record),
        codes=batch.codes,
        sold=figures.sold,
        on_sale=figures.on_sale,
        ended=figures.ended,
        recalled=figures.recalled,
        created_at_ms=batch.created_at_ms,
        recalled_at_ms=recall.at_ms if recall else None,
        recalled_by=recall.by if recall else None,
        reason=recall.reason if recall else None,
        complete=recall.complete if recall else True,
    )


def batch_recalled(batch_id: str, recall: Recall) -> BatchRecalled:
    return BatchRecalled(batch_id, recall.at_ms, recall.unsold, recall.complete)


def sold_codes_view(sold: Sequence[Sold], next_cursor: str | None) -> SoldCodesView:
    return SoldCodesView(
        [
            SoldCodeView(
                each.unit.order_id,
                each.unit.line,
                each.unit.unit,
                each.order.state if each.order else None,
                each.order.email if each.order else None,
                each.revealed,
                each.replaced,
                each.unit.swapped,
            )
            for each in sold
        ],
        next_cursor,
    )


def _state(record: BatchRecord) -> BatchState:
    if record.recall:
        return "recalled"
    return "published" if record.batch.published else "importing"
