"""One top-up, step by step, with a supplier that charges and then loses its first answer.

The supplier is the tests' simulator: it speaks Fulu's protocol, checks our signatures, and keeps a
book of its own, which says in the end how often the account was charged.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import urllib3
from botocore.httpsession import URLLib3Session

from infra.local.cloud import Cloud
from infra.local.process import LocalCloudError
from infra.local.purchase import (
    BUYER,
    Purchase,
    Recorder,
    SayStep,
    by_stripe,
    mails,
    wait_for_mail,
    wait_for_state,
)
from infra.local.seed import Shop, merchants_and_keys
from infra.local.shop import call_shop
from scrip.adapters.suppliers.registry import Suppliers
from tests.suppliers.faults import Fate, Fault, Plan
from tests.suppliers.fulu import APP_KEY, SECRET
from tests.suppliers.kinds import KINDS
from tests.suppliers.server import Simulator, simulated

KIND = "fulu"
ACCOUNT, PRODUCT, VARIANT = "coins", "q-coins", "q-coins-30"
QQ = "123456789"
TAKES_MS = 4_000
TOLD_SECONDS = 30
FORM = [{"name": "account", "label": "QQ number", "kind": "text", "pattern": "[0-9]{5,12}"}]


class Playing(Simulator):
    """By the time of this machine."""

    @property
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    @now_ms.setter
    def now_ms(self, _: int) -> None:
        """It cannot be moved."""


@contextmanager
def playing(port: int) -> Iterator[Simulator]:
    kind = KINDS[KIND]
    plan = Plan(usual_ms=TAKES_MS)
    with simulated(kind.dialect, plan, port=port, made=Playing) as supplier:
        supplier.begin(plan, goods={kind.sku: 2790})
        plan.script.append(Fault.LOST)
        plan.fates.append(Fate(takes_ms=TAKES_MS))
        yield supplier


def open_account(cloud: Cloud, shop: Shop) -> None:
    """What `scrip-admin supplier set` does, and the goods that it delivers."""
    suppliers = Suppliers(*merchants_and_keys(cloud), URLLib3Session())
    opens_with = {"app_key": APP_KEY, "app_secret": SECRET}
    suppliers.set(shop.merchant_id, ACCOUNT, KIND, msgspec.json.encode(opens_with))
    product = f"{cloud.base_url}/v1/merchant/products/{PRODUCT}"
    called = {"title": "Q coins", "kind": "top_up", "form": FORM}
    call_shop("PUT", product, shop.operator_key, called)
    variant = {
        "title": "30 Q coins",
        "price_minor": 3000,
        "currency": "CNY",
        "routes": [{"supplier": ACCOUNT, "sku": KINDS[KIND].sku}],
    }
    call_shop("PUT", f"{product}/variants/{VARIANT}", shop.operator_key, variant)


def top_up(cloud: Cloud, shop: Shop, supplier: Simulator, say: SayStep) -> Purchase:
    """Raises LocalCloudError when any step fails."""
    paying = by_stripe(cloud, shop)
    purchase = Purchase([], paying.provider)
    recorder = Recorder(cloud, purchase, say)
    mails_before, started = len(mails(cloud)), time.time()

    with recorder.step("list products") as step:
        form = form_of(call_shop("GET", f"{cloud.base_url}/v1/products", shop.storefront_key))
        step.note = f"the buyer is asked for: {', '.join(field['label'] for field in form)}"

    with recorder.step("place order") as step:
        filled = {form[0]["name"]: QQ}
        placed = call_shop(
            "POST",
            f"{cloud.base_url}/v1/orders",
            shop.storefront_key,
            {"lines": [{"variant_id": VARIANT, "quantity": 1, "filled": filled}], "email": BUYER},
            {"idempotency-key": secrets.token_hex(16)},
        )
        purchase.order_id = placed["order"]["order_id"]
        token = placed["order_token"]
        step.note = f"order {purchase.order_id}"

    with recorder.step("pay") as step:
        step.note = paying.pay(placed["payment"])

    with recorder.step("callback, queue, supplier: charged, its answer lost") as step:
        wait_for_state(cloud, shop.merchant_id, purchase.order_id, started, {"fulfilling"})
        wait_until(lambda: supplier.book.orders, "the supplier has no order")
        step.note = f"the supplier was called {len(supplier.requests)} time(s)"

    with recorder.step("asked about until it is done") as step:
        purchase.state = wait_for_state(
            cloud, shop.merchant_id, purchase.order_id, started, {"delivered", "refund_due"}
        )
        [order] = supplier.book.orders
        purchase.charged = supplier.book.charged(order.reference)
        asked = len(supplier.requests) - 1
        step.note = f"order is {purchase.state}; asked {asked} time(s), charged {purchase.charged}"

    with recorder.step("the supplier posts what it did") as step:
        step.note = tell(cloud, shop, supplier)

    with recorder.step("read order") as step:
        read = call_shop("GET", f"{cloud.base_url}/v1/orders/{purchase.order_id}", token)
        step.note = f"top-ups: {', '.join(read['lines'][0]['top_ups'])}"

    with recorder.step("mail to the buyer") as step:
        purchase.mail_subject = wait_for_mail(cloud, mails_before)
        step.note = f"'{purchase.mail_subject}' to {BUYER}"
    return purchase


def form_of(listed: Any) -> list[Any]:
    found: list[Any] = next(
        each["form"] for each in listed["products"] if each["product_id"] == PRODUCT
    )
    return found


def tell(cloud: Cloud, shop: Shop, supplier: Simulator) -> str:
    """Its callback, late: it is acknowledged and changes nothing."""
    [told] = supplier.callbacks()
    url = f"{cloud.base_url}/v1/callbacks/suppliers/{shop.merchant_id}/{ACCOUNT}"
    answer = urllib3.request(
        "POST", url, body=told.body, headers=told.headers, retries=False, timeout=TOLD_SECONDS
    )
    if answer.status != 200:
        raise LocalCloudError(f"the supplier was answered with {answer.status}")
    return f"answered {answer.status} {answer.data.decode()}"


def wait_until(happened: Any, otherwise: str) -> None:
    deadline = time.monotonic() + TOLD_SECONDS
    while not happened():
        if time.monotonic() > deadline:
            raise LocalCloudError(otherwise)
        time.sleep(0.05)
