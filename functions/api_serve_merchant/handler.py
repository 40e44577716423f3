"""The merchant's API: catalogue, stock, orders, keys, sealed codes."""

from collections.abc import Callable
from typing import Any

from scrip.answers.after_sale import AFTER_SALE, asking
from scrip.answers.offers import OFFERS
from scrip.answers.top_ups import TOP_UPS
from scrip.chance import now_ms, random_id
from scrip.contracts import merchant as wire
from scrip.contracts import merchant_vault_views as vault_views
from scrip.contracts import merchant_views as views
from scrip.contracts.generated import generated_key_view, licence_keys_view
from scrip.contracts.http import Answer, decode_text
from scrip.contracts.merchant_after_sale import AFTER_SALE_OPERATIONS
from scrip.contracts.merchant_batches import BATCH_OPERATIONS
from scrip.contracts.merchant_disputes import DISPUTE_OPERATIONS
from scrip.contracts.merchant_exports import EXPORT_OPERATIONS, export_view
from scrip.contracts.merchant_offers import OFFER_OPERATIONS
from scrip.contracts.merchant_refunds import REFUND_OPERATIONS
from scrip.contracts.merchant_stock import stock_view
from scrip.contracts.merchant_strays import STRAY_OPERATIONS
from scrip.contracts.merchant_top_ups import TOP_UP_OPERATIONS
from scrip.contracts.merchant_vault import VAULT_OPERATIONS, BatchShredded, UnitShredded
from scrip.contracts.problems import Problem
from scrip.domain.activation import KeyRecord
from scrip.domain.api_key import Scope
from scrip.domain.code_request import parse_csv, parse_text
from scrip.domain.errors import SealBroken
from scrip.flows import export_codes as exporting
from scrip.flows import list_orders as orders
from scrip.flows import manage_catalogue, manage_keys, manage_licence_keys, manage_seats
from scrip.flows.add_units import add_units
from scrip.flows.authenticate import authenticate
from scrip.flows.import_codes import import_codes
from scrip.flows.prepare_keys import prepare_keys
from scrip.flows.read_stock import read_stock
from scrip.flows.reveal_codes import Reveal, view_masked_codes
from scrip.flows.shred_codes import shred_batch, shred_unit
from scrip.serving import Api, Call
from scrip.telemetry import count, logger
from scrip.wiring import merchant

PARSERS = {"text/csv": parse_csv, "text/plain": parse_text}


def list_products(call: Call) -> Answer:
    shelves = manage_catalogue.list_shelves(call.merchant_id, catalogue=_wired().catalogue)
    return Answer(200, views.products_view(shelves))


def read_product(call: Call) -> Answer:
    shelf = manage_catalogue.read_product(
        call.merchant_id, call.path.product_id, catalogue=_wired().catalogue
    )
    return Answer(200, views.product_view(shelf))


def put_product(call: Call) -> Answer:
    wired, product = _wired(), views.product(call.merchant_id, call.path.product_id, call.body)
    prepare_keys(
        product,
        accept_weak=views.accepts_weak(call.body),
        generation_keys=wired.generation_keys,
        registry_keys=wired.registry_keys,
        licence_keys=wired.licence_keys,
        signing=wired.signing,
    )
    shelf = manage_catalogue.put_product(product, catalogue=wired.catalogue)
    return Answer(200, views.product_view(shelf))


def put_variant(call: Call) -> Answer:
    asked, supply = views.variant(call.merchant_id, call.path, call.body), views.supply(call.body)
    wired = _wired()
    variant = manage_catalogue.put_variant(
        asked, supply, accounts=wired.merchants, catalogue=wired.catalogue
    )
    return Answer(200, views.variant_view(variant))


def add(call: Call) -> Answer:
    wired = _wired()
    added = add_units(
        call.merchant_id,
        call.path.variant_id,
        call.request.idempotency_key(),
        call.body.units,
        now_ms=now_ms(),
        catalogue=wired.catalogue,
        stock=wired.stock,
        index_keys=wired.index_keys,
    )
    logger.append_keys(batch_id=added.batch.batch_id)
    return Answer(200, wire.UnitsAdded(added.batch.batch_id, added.batch.codes))


def import_text(call: Call) -> Answer:
    wired, parse = _wired(), PARSERS[call.request.media_type()]
    imported = import_codes(
        call.merchant_id,
        call.path.variant_id,
        call.request.idempotency_key(),
        lambda: parse(decode_text(call.request.raw_body)),
        now_ms=now_ms(),
        catalogue=wired.catalogue,
        stock=wired.stock,
        vault=wired.vault,
        index_keys=wired.index_keys,
        seen_codes=wired.seen_codes,
    )
    logger.append_keys(variant_id=call.path.variant_id, batch_id=imported.batch.batch_id)
    if imported.new:
        count("CodesImported", imported.batch.codes)
    return Answer(200, views.codes_imported(imported.batch, imported.duplicates))


def read_levels(call: Call) -> Answer:
    wired, variant_id = _wired(), call.path.variant_id
    seen, rate, following = read_stock(
        call.merchant_id,
        variant_id,
        now_ms=now_ms(),
        catalogue=wired.catalogue,
        stock=wired.stock,
        watch=wired.stock_watch,
        synced=wired.synced,
    )
    return Answer(200, stock_view(variant_id, seen, rate, following))


def list_orders(call: Call) -> Answer:
    page = orders.list_orders(call.merchant_id, call.query, orders=_wired().orders)
    return Answer(200, views.orders_page(page.records, page.next_cursor))


def read_order(call: Call) -> Answer:
    record = orders.read_merchant_order(
        call.merchant_id, call.path.order_id, orders=_wired().orders
    )
    return Answer(200, views.merchant_order_view(record))


def rotate_licence_key(call: Call) -> Answer:
    wired = _wired()
    found = manage_licence_keys.rotate_licence_key(
        call.merchant_id, now_ms=now_ms(), licence_keys=wired.licence_keys, signing=wired.signing
    )
    return Answer(200, licence_keys_view(found))


def read_generated_key(call: Call) -> Answer:
    return _about_key(call, manage_seats.find_key)


def free_seats(call: Call) -> Answer:
    return _about_key(call, manage_seats.free_seats)


def _about_key(call: Call, act: Callable[..., KeyRecord]) -> Answer:
    wired = _wired()
    logger.append_keys(product_id=call.body.product_id)
    record = act(
        call.merchant_id,
        call.body.product_id,
        call.body.key,
        catalogue=wired.catalogue,
        registry_keys=wired.registry_keys,
        registry=wired.registry,
    )
    return Answer(200, generated_key_view(record))


def list_keys(call: Call) -> Answer:
    keys = manage_keys.list_keys(call.merchant_id, keys=_wired().merchants)
    return Answer(200, wire.KeysView([views.key_view(key) for key in keys]))


def issue_key(call: Call) -> Answer:
    key, credential = manage_keys.issue_key(
        call.merchant_id,
        Scope(call.body.scope),
        call.body.label,
        key_id=random_id(8),
        secret=random_id(32),
        now_ms=now_ms(),
        keys=_wired().merchants,
        issued_by=call.key_id,
    )
    return Answer(201, wire.KeyIssued(views.key_view(key), credential))


def revoke_key(call: Call) -> Answer:
    key = manage_keys.revoke_key(call.merchant_id, call.path.key_id, keys=_wired().merchants)
    return Answer(200, views.key_view(key))


def view_masked(call: Call) -> Answer:
    wired, order_id = _wired(), call.path.order_id
    look = Reveal(call.key_id, call.request.source_ip, now_ms(), random_id(8))
    seen = view_masked_codes(
        call.merchant_id,
        order_id,
        look,
        orders=wired.orders,
        audit=wired.audit,
        codes=wired.order_codes,
        counts=wired.reveal_counts,
        merchants=wired.merchants,
    )
    if seen.unusual:
        count("RevealAnomalies")
        logger.warning("unusually many codes revealed", actor=look.actor)
    return Answer(200, vault_views.masked_codes_view(order_id, seen.codes, seen.revealed_at_ms))


def shred_a_batch(call: Call) -> Answer:
    wired, path = _wired(), call.path
    done = shred_batch(
        call.merchant_id,
        path.variant_id,
        path.batch_id,
        asking(call),
        shredder=wired.shredder,
        stock=wired.stock,
        vault=wired.vault,
        audit=wired.audit,
    )
    return Answer(200, BatchShredded(path.batch_id, done.shredded_at_ms, done.gone_at_ms))


def shred_a_unit(call: Call) -> Answer:
    wired, order_id, body = _wired(), call.path.order_id, call.body
    done = shred_unit(
        call.merchant_id,
        order_id,
        body.line,
        body.unit,
        asking(call),
        orders=wired.delivered,
        shredder=wired.shredder,
        stock=wired.stock,
        vault=wired.vault,
        bought=wired.bought_codes,
        audit=wired.audit,
    )
    return Answer(200, UnitShredded(order_id, body.line, body.unit, done.gone_at_ms))


def request_export(call: Call) -> Answer:
    wired, body = _wired(), call.body
    key = call.request.idempotency_key()
    export = exporting.request_export(
        exporting.Wanted(call.path.variant_id, body.codes, body.reason, key),
        _acting(call),
        catalogue=wired.catalogue,
        index_keys=wired.index_keys,
        exports=wired.exports,
        audit=wired.audit,
    )
    return Answer(201, export_view(export))


def read_export(call: Call) -> Answer:
    export = exporting.read_export(call.merchant_id, call.path.export_id, exports=_wired().exports)
    return Answer(200, export_view(export))


def approve_export(call: Call) -> Answer:
    wired = _wired()
    export = exporting.approve_export(
        call.path.export_id,
        _acting(call),
        exports=wired.exports,
        stock=wired.stock,
        audit=wired.audit,
    )
    return Answer(200, export_view(export))


def refuse_export(call: Call) -> Answer:
    wired = _wired()
    export = exporting.refuse_export(
        call.path.export_id, _acting(call), exports=wired.exports, audit=wired.audit
    )
    return Answer(200, export_view(export))


def download_export(call: Call) -> Answer:
    wired, export_id = _wired(), call.path.export_id
    file = exporting.download_export(
        export_id,
        _acting(call),
        exports=wired.exports,
        stock=wired.stock,
        codes=wired.codes,
        index_keys=wired.index_keys,
        audit=wired.audit,
    )
    return Answer(200, file.encode())


def _acting(call: Call) -> exporting.Acting:
    return exporting.Acting(call.own_key, call.request.source_ip, now_ms(), random_id(8))


def refused(problem: Problem) -> None:
    if problem.slug == SealBroken.slug:
        count("SealBroken")


_wired = merchant.merchant_side
API = Api(
    (
        *wire.MERCHANT_OPERATIONS,
        *BATCH_OPERATIONS,
        *AFTER_SALE_OPERATIONS,
        *DISPUTE_OPERATIONS,
        *STRAY_OPERATIONS,
        *VAULT_OPERATIONS,
        *EXPORT_OPERATIONS,
        *OFFER_OPERATIONS,
        *REFUND_OPERATIONS,
        *TOP_UP_OPERATIONS,
    ),
    {
        "list_all_products": list_products,
        "read_product": read_product,
        "put_product": put_product,
        "put_variant": put_variant,
        "import_codes": import_text,
        "add_units": add,
        "read_stock": read_levels,
        "list_orders": list_orders,
        "read_merchant_order": read_order,
        "list_keys": list_keys,
        "issue_key": issue_key,
        "revoke_key": revoke_key,
        "view_masked_codes": view_masked,
        **AFTER_SALE,
        **OFFERS,
        **TOP_UPS,
        "shred_batch": shred_a_batch,
        "shred_unit": shred_a_unit,
        "rotate_licence_key": rotate_licence_key,
        "read_generated_key": read_generated_key,
        "free_seats": free_seats,
        "request_export": request_export,
        "read_export": read_export,
        "approve_export": approve_export,
        "refuse_export": refuse_export,
        "download_export": download_export,
    },
    authenticate=lambda text: authenticate(text, keys=_wired().merchants),
    refused=refused,
)
merchant.warm()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return API.answer(event, context)
