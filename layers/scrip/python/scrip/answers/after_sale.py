"""The merchant's API about what was sold: recalled, replaced, taken back, disputed, refunded."""

from scrip.chance import luck, now_ms, random_id
from scrip.contracts import merchant_batch_views as batch_views
from scrip.contracts import merchant_dispute_views as dispute_views
from scrip.contracts.http import Answer
from scrip.contracts.merchant_after_sale import CodeReplaced, CodesReturned
from scrip.contracts.merchant_refunds import refund_due, wish_of
from scrip.contracts.merchant_strays import StrayPayments, stray_views
from scrip.domain.asking import Asking
from scrip.domain.outcome import Action
from scrip.flows import read_batches as batches
from scrip.flows.decide_stray import decide_stray
from scrip.flows.freeze_order import freeze_order
from scrip.flows.gather_evidence import gather_evidence
from scrip.flows.recall_batch import recall_batch
from scrip.flows.replace_code import replace_code
from scrip.flows.return_codes import return_codes
from scrip.flows.set_refund_due import set_refund_due
from scrip.serving import Call
from scrip.telemetry import count
from scrip.wiring import merchant

_wired = merchant.merchant_side


def asking(call: Call) -> Asking:
    return Asking(call.key_id, call.request.source_ip, now_ms(), random_id(8), call.body.reason)


def list_batches(call: Call) -> Answer:
    wired, query = _wired(), call.query
    before = None if query.before_ms is None else query.before_ms - 1
    found = batches.list_batches(
        call.merchant_id,
        call.path.variant_id,
        before,
        query.limit,
        catalogue=wired.catalogue,
        batches=wired.batches,
    )
    return Answer(200, batch_views.batches_view(found))


def read_batch(call: Call) -> Answer:
    wired = _wired()
    figures = batches.read_batch(
        call.merchant_id,
        call.path.variant_id,
        call.path.batch_id,
        now_ms=now_ms(),
        batches=wired.batches,
        stock=wired.stock,
    )
    return Answer(200, batch_views.batch_figures_view(figures))


def list_batch_orders(call: Call) -> Answer:
    wired = _wired()
    page = batches.list_sold_codes(
        call.merchant_id,
        call.path.variant_id,
        call.path.batch_id,
        call.query.cursor,
        batches=wired.batches,
        stock=wired.stock,
        orders=wired.delivered,
    )
    return Answer(200, batch_views.sold_codes_view(page.sold, page.next_cursor))


def recall(call: Call) -> Answer:
    wired, path = _wired(), call.path
    recalled = recall_batch(
        call.merchant_id,
        path.variant_id,
        path.batch_id,
        asking(call),
        batches=wired.batches,
        stock=wired.stock,
        audit=wired.audit,
    )
    count("BatchesRecalled")
    return Answer(200, batch_views.batch_recalled(path.batch_id, recalled))


def replace_a_code(call: Call) -> Answer:
    wired, path, body = _wired(), call.path, call.body
    done = replace_code(
        call.merchant_id,
        path.order_id,
        path.line,
        body.unit,
        asking(call),
        luck=luck(),
        orders=wired.delivered,
        stock=wired.stock,
        catalogue=wired.catalogue,
        audit=wired.audit,
    )
    count("CodesReplaced")
    return Answer(200, CodeReplaced(path.order_id, path.line, done.unit, done.at_ms))


def take_codes_back(call: Call) -> Answer:
    wired, path, body = _wired(), call.path, call.body
    order = return_codes(
        call.merchant_id,
        path.order_id,
        path.line,
        body.units,
        asking(call),
        orders=wired.delivered,
        holds=wired.holds,
        audit=wired.audit,
    )
    owed, returned = order.refund_due, order.line(path.line).returned
    return Answer(
        200, CodesReturned(path.order_id, path.line, returned, owed.amount_minor, owed.currency)
    )


def freeze(call: Call) -> Answer:
    wired = _wired()
    record = freeze_order(
        call.merchant_id,
        call.path.order_id,
        asking(call),
        frozen=call.body.frozen,
        orders=wired.orders,
        disputes=wired.disputes,
        audit=wired.audit,
    )
    count("OrdersFrozen" if call.body.frozen else "OrdersThawed")
    return Answer(200, dispute_views.order_freeze(record))


def read_evidence(call: Call) -> Answer:
    wired, order_id = _wired(), call.path.order_id
    found = gather_evidence(
        call.merchant_id,
        order_id,
        orders=wired.orders,
        catalogue=wired.catalogue,
        audit=wired.audit,
    )
    told = dispute_views.evidence_view(found.record, found.titles, found.happenings)
    name = f'attachment; filename="evidence-{order_id}.json"'
    return Answer(200, told, (("content-disposition", name),))


def put_refund_due(call: Call) -> Answer:
    wired = _wired()
    record = set_refund_due(
        call.merchant_id,
        call.path.order_id,
        wish_of(call.body),
        asking(call),
        orders=wired.orders,
        holds=wired.holds,
        refunds=wired.refunds,
        audit=wired.audit,
    )
    count("RefundsAskedFor")
    return Answer(200, refund_due(record))


def decide(call: Call) -> Answer:
    wired, body = _wired(), call.body
    record = decide_stray(
        call.merchant_id,
        call.path.order_id,
        body.stray_id,
        Action(body.action),
        asking(call),
        orders=wired.orders,
        audit=wired.audit,
    )
    return Answer(200, StrayPayments(call.path.order_id, stray_views(record)))


AFTER_SALE = {
    "set_refund_due": put_refund_due,
    "decide_stray": decide,
    "freeze_order": freeze,
    "read_evidence": read_evidence,
    "list_batches": list_batches,
    "read_batch": read_batch,
    "list_batch_orders": list_batch_orders,
    "recall_batch": recall,
    "replace_code": replace_a_code,
    "return_codes": take_codes_back,
}
