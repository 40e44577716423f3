"""Calls that the stand-in for Stripe answers, with the refusals that Stripe documents.

Sources: docs.stripe.com/api/payment_intents, /api/checkout/sessions, /api/refunds, /api/disputes,
/api/balance_transactions, docs.stripe.com/error-codes.
"""

import re
from collections.abc import Callable
from typing import Any

from tests.oracles.stripe_book import Answered, Form, Object, StripeBook

Reply = tuple[int, Any]

KEY_SECONDS = 24 * 3600
REASONS = (None, "duplicate", "fraudulent", "requested_by_customer")
CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
MAX_ROWS = 100


def refusal(code: str = "", status: int = 400, kind: str = "invalid_request_error") -> Reply:
    error = {"type": kind, "message": "Stripe explains, and may quote the request."}
    return status, {"error": error | ({"code": code} if code else {})}


MISSING = refusal("resource_missing", 404)


def nested(form: Form, name: str) -> dict[str, str]:
    """`name[a]=1&name[b]=2` as Stripe reads it."""
    found = ((re.fullmatch(rf"{re.escape(name)}\[([^\]]+)\]", key), value) for key, value in form)
    return {match[1]: value for match, value in found if match}


def post(book: StripeBook, path: str, form: Form, key: str | None) -> Reply:
    """A key answers again what it answered first, for a day."""
    now = book.now_seconds()
    known = book.answers.get(key or "")
    if known and (not known.at_seconds or now < known.at_seconds + KEY_SECONDS):
        if known.form != form or known.path not in ("", path):
            return refusal(kind="idempotency_error")
        return known.status, known.answer
    for pattern, answer in POSTS.items():
        if match := re.fullmatch(pattern, path):
            status, body = answer(book, form, *match.groups())
            if key:
                book.answers[key] = Answered(form, body, status, now, path)
            return status, body
    return MISSING


def get(book: StripeBook, path: str, query: Form) -> Reply:
    for pattern, answer in GETS.items():
        if match := re.fullmatch(pattern, path):
            status, body = answer(book, query, *match.groups())
            for expand in (value for name, value in query if name.startswith("expand[")):
                if status == 200 and (body := expanded(book, body, expand.split("."))) is None:
                    return refusal()
            return status, body
    return MISSING


def expanded(book: StripeBook, value: Any, path: list[str]) -> Any:
    """With what stands at the path whole, instead of by its id. None when there is no such path."""
    if not path or value is None:
        return value
    if isinstance(value, list):
        return [expanded(book, each, path) for each in value]
    if path[0] not in value:
        return None
    inner = value[path[0]]
    inner = book.find(inner) if isinstance(inner, str) else inner
    return {**value, path[0]: expanded(book, inner, path[1:])}


# --- payments ----------------------------------------------------------------------------------


def create_intent(book: StripeBook, form: Form) -> Reply:
    values, name = dict(form), book.new_id("pi")
    return 200, book.keep(
        {
            "id": name,
            "object": "payment_intent",
            "amount": int(values["amount"]),
            "amount_received": 0,
            "cancellation_reason": None,
            "client_secret": f"{name}_secret_{next(book.numbers) * 7919:08x}",
            "created": book.now_seconds(),
            "currency": values["currency"],
            "last_payment_error": None,
            "latest_charge": None,
            "livemode": False,
            "metadata": nested(form, "metadata"),
            "payment_method_types": [values.get("payment_method_types[0]", "card")],
            "status": "requires_payment_method",
        }
    )


def create_session(book: StripeBook, form: Form) -> Reply:
    values, name = dict(form), book.new_id("cs_test")
    types = [value for key, value in form if key.startswith("payment_method_types[")]
    client = values.get("payment_method_options[wechat_pay][client]")
    if "wechat_pay" in types and client != "web":
        return refusal("parameter_missing")
    return 200, book.keep(
        {
            "id": name,
            "object": "checkout.session",
            "amount_total": int(values["line_items[0][price_data][unit_amount]"]),
            "created": book.now_seconds(),
            "currency": values["line_items[0][price_data][currency]"],
            "livemode": False,
            "metadata": nested(form, "metadata"),
            "payment_intent": None,
            "payment_method_types": types,
            "payment_status": "unpaid",
            "status": "open",
            "success_url": values["success_url"],
            "url": f"https://checkout.stripe.com/c/pay/{name}",
            "_payment_intent_metadata": nested(form, "payment_intent_data[metadata]"),
        }
    )


def cancel(book: StripeBook, form: Form, name: str) -> Reply:
    intent = book.payments.get(name)
    if intent is None:
        return MISSING
    if intent["status"] not in CANCELABLE or name in book.paid_by.values():
        return refusal("payment_intent_unexpected_state")
    return 200, book.keep(intent, status="canceled")


def expire(book: StripeBook, form: Form, name: str) -> Reply:
    session = book.payments.get(name)
    if session is None:
        return MISSING
    if session["status"] != "open":
        return refusal()
    return 200, book.keep(session, status="expired", url=None)


def show(book: StripeBook, query: Form, name: str) -> Reply:
    found = book.find(name)
    return (200, found) if found else MISSING


# --- refunds -----------------------------------------------------------------------------------


def create_refund(book: StripeBook, form: Form) -> Reply:
    values = dict(form)
    intent, amount = book.payments.get(values["payment_intent"]), int(values["amount"])
    if intent is None:
        return MISSING
    if intent["status"] != "succeeded":
        return refusal("payment_intent_unexpected_state")
    charge = book.objects[intent["latest_charge"]]
    left = charge["amount"] - charge["amount_refunded"]
    if charge["disputed"]:
        return refusal("charge_disputed")
    if left == 0:
        return refusal("charge_already_refunded")
    if not 0 < amount <= left or values.get("reason") not in REASONS:
        return refusal()
    return 200, begin_refund(book, intent, amount, nested(form, "metadata"))


def begin_refund(
    book: StripeBook, intent: Object, amount: int, metadata: dict[str, str] | None = None
) -> Object:
    """Without metadata: somebody pressed a button in the dashboard."""
    charge = book.objects[intent["latest_charge"]]
    book.keep(charge, amount_refunded=charge["amount_refunded"] + amount)
    made = book.keep(
        {
            "id": book.new_id("re"),
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": book.now_seconds(),
            "currency": charge["currency"],
            "metadata": metadata,
            "payment_intent": intent["id"],
            "reason": None,
            "status": "succeeded",
        }
    )
    book.move_balance("refund", made, -amount)
    return made


def move_refund(book: StripeBook, name: str, status: str) -> Object:
    """What fails or is canceled flows back."""
    made = book.objects[name]
    if status in ("failed", "canceled"):
        charge = book.objects[made["charge"]]
        book.keep(charge, amount_refunded=charge["amount_refunded"] - made["amount"])
        book.move_balance("refund_failure", made, made["amount"])
    return book.keep(made, status=status)


# --- lists -------------------------------------------------------------------------------------


def listed(rows: list[Object], query: Form) -> Reply:
    values = dict(query)
    limit, after = int(values.get("limit", 10)), values.get("starting_after")
    if not 0 < limit <= MAX_ROWS:
        return refusal("parameter_invalid_integer")
    if after:
        places = [place for place, row in enumerate(rows) if row["id"] == after]
        if not places:
            return MISSING
        rows = rows[places[0] + 1 :]
    page = {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit}
    return 200, page


def list_refunds(book: StripeBook, query: Form) -> Reply:
    intent = dict(query).get("payment_intent")
    if intent and intent not in book.payments:
        return MISSING
    rows = [each for each in book.of_kind("refund") if intent in (None, each["payment_intent"])]
    return listed(rows, query)


def list_balance(book: StripeBook, query: Form) -> Reply:
    values = dict(query)
    since, until = int(values.get("created[gte]", 0)), int(values.get("created[lt]", 10**11))
    moves = book.of_kind("balance_transaction")
    return listed([each for each in moves if since <= each["created"] < until], query)


NAME = r"(\w+)"
POSTS: dict[str, Callable[..., Reply]] = {
    "/v1/payment_intents": create_intent,
    f"/v1/payment_intents/{NAME}/cancel": cancel,
    "/v1/checkout/sessions": create_session,
    f"/v1/checkout/sessions/{NAME}/expire": expire,
    "/v1/refunds": create_refund,
}
GETS: dict[str, Callable[..., Reply]] = {
    f"/v1/(?:payment_intents|checkout/sessions|disputes|refunds)/{NAME}": show,
    "/v1/refunds": list_refunds,
    "/v1/balance_transactions": list_balance,
    "/v1/balance": lambda book, query: (200, {"object": "balance", "livemode": False}),
}
