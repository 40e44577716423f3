"""Orders of top-ups in a deployment in memory, and the queue that advances them."""

import itertools
from dataclasses import replace
from typing import Any, NamedTuple

import boto3
import msgspec
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.sqs.models import sqs_backends

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.disputes import Disputes
from scrip.adapters.follow_ups import FollowUps
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.orders import Orders
from scrip.adapters.suppliers.registry import Suppliers
from scrip.adapters.tables import Table
from scrip.adapters.top_ups import TopUps
from scrip.contracts.top_up_messages import encode_due
from scrip.domain.attempt import Attempt, AttemptState
from scrip.domain.catalogue import Status, Variant
from scrip.domain.dispute import Dispute, DisputeState
from scrip.domain.goods import Kind, Supply
from scrip.domain.line import Line, first_fates
from scrip.domain.money import Money
from scrip.domain.order import FulfillingOrder, Order, PendingOrder
from scrip.domain.payment import Payment
from scrip.domain.route import Route
from scrip.domain.supplier_terms import DAY_MS
from scrip.domain.top_up import Due, TopUp, all_units
from scrip.wiring.clients import provider_http
from tests.in_memory import REGION, TABLES, InMemory
from tests.suppliers.ding import API_KEY as DING_KEY
from tests.suppliers.dtone import API_KEY, API_SECRET
from tests.suppliers.fulu import APP_KEY, SECRET

ACCOUNT, SKU, VARIANT = "main", "10000587", "qb-30"
PHONE = "13800138000"
PRICE = Money(3000, "EUR")
WINDOW_MS = 3_600_000

_numbers = itertools.count(1)


def table(cloud: InMemory, name: str) -> Table:
    return Table(boto3.client("dynamodb"), cloud.values[TABLES[name] + "Table"])


SECRETS: dict[str, dict[str, Any]] = {
    "fulu": {"app_key": APP_KEY, "app_secret": SECRET},
    "ding": {"api_key": DING_KEY},
    "dtone": {"api_key": API_KEY, "api_secret": API_SECRET, "currency": "USD"},
}


def open_account(
    cloud: InMemory, merchant_id: str, account: str = ACCOUNT, kind: str = "fulu"
) -> None:
    """The merchant's account with the simulated supplier."""
    kms = Keys(boto3.client("kms"), cloud.values["VaultKeyArn"])
    suppliers = Suppliers(Merchants(table(cloud, "merchants")), kms, provider_http())
    suppliers.set(merchant_id, account, kind, msgspec.json.encode(SECRETS[kind]))


def call_at(cloud: InMemory, base: str, kind: str = "fulu") -> None:
    """Where the supplier is, from the next cold start on."""
    cloud.values["SupplierApiBases"] = msgspec.json.encode({kind: base}).decode()


def offer(cloud: InMemory, merchant_id: str, *accounts: str) -> None:
    """A variant that is charged through these accounts, the first one first."""
    Catalogue(table(cloud, "catalogue")).put_variant(
        Variant(
            merchant_id=merchant_id,
            product_id="qb",
            variant_id=VARIANT,
            title="30 Q coins",
            price=PRICE,
            status=Status.ACTIVE,
            supply=Supply.UNLIMITED,
            routes=tuple(Route(account, SKU) for account in accounts or (ACCOUNT,)),
        )
    )


def paid(
    cloud: InMemory,
    merchant_id: str,
    now_ms: int,
    units: int = 1,
    *,
    provider: str = "stripe",
    keys: int = 0,
) -> FulfillingOrder:
    """An order of top-ups, and of keys that are made, as its payment leaves it."""
    orders, number = Orders(table(cloud, "orders")), next(_numbers)
    line = Line(
        number=0,
        variant_id=VARIANT,
        quantity=units,
        unit_price=PRICE,
        chunk=None,
        kind=Kind.TOP_UP,
        filled=(("account", PHONE),),
        fates=first_fates(Kind.TOP_UP, units),
    )
    made = Line(1, "key", keys, PRICE, None, kind=Kind.GENERATED_KEY)
    pending = PendingOrder(
        merchant_id=merchant_id,
        order_id=f"7K2M9Q4XTB3W{number:04d}",
        lines=(line, made) if keys else (line,),
        email="buyer@example.com",
        locale="en",
        payment_ref=f"pi_{number}",
        provider=provider,
        fingerprint=bytes(16),
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        placed_at_ms=now_ms,
        expires_at_ms=now_ms + WINDOW_MS,
    )
    orders.place(pending)
    payment = Payment(provider, pending.payment_ref, pending.total, True, now_ms)
    settled = pending.pay(payment).settle(now_ms)
    orders.close(pending, settled)
    assert isinstance(settled, FulfillingOrder)
    return settled


def found(cloud: InMemory, order: Order) -> Order:
    now = Orders(table(cloud, "orders")).find(order.merchant_id, order.order_id, consistent=True)
    assert now
    return now


def dispute(cloud: InMemory, order: FulfillingOrder, at_ms: int) -> None:
    """Its buyer disputes the payment, and the worklist looks at it."""
    orders, payment = table(cloud, "orders"), order.payment
    paid_by = payment.provider, "du_1", payment.transaction_id
    told = Dispute(*paid_by, DisputeState.OPENED, payment.money, "fraudulent", at_ms)
    assert Disputes(orders).tell(order.merchant_id, order.order_id, told, at_ms)
    assert FollowUps(orders).add(order.merchant_id, order.order_id, at_ms)
    assert cloud.invoke("schedule_follow_up", {})["due"]


def stuck(cloud: InMemory, order: Order, *, unit: int = 0, reason: str = "") -> TopUp:
    """Nobody knows what became of a unit: it was sent, asked about for a day, and waits."""
    which, top_ups = all_units(order)[unit], TopUps(table(cloud, "top_ups"))
    sent_at_ms = order.placed_at_ms
    attempt = Attempt(
        reference=which.reference(0),
        supplier=ACCOUNT,
        since_ms=sent_at_ms,
        state=AttemptState.MANUAL,
        sends=1,
        sent_at_ms=sent_at_ms,
        asked=97,
        asked_at_ms=sent_at_ms + DAY_MS,
        ref="F2611220001",
        code="5002",
        reason=reason or "unknown for too long",
    )
    return top_ups.save(TopUp(which, Route(ACCOUNT, SKU), attempt))


class Queued(NamedTuple):
    """A message of the queue. `delay_seconds`: until it comes."""

    body: str
    delay_seconds: int

    def event(self, *, received: int = 1) -> dict[str, Any]:
        """As Lambda hands it over."""
        attributes = {"ApproximateReceiveCount": f"{received}"}
        return {"Records": [{"messageId": "m-1", "body": self.body, "attributes": attributes}]}


def said_after_all(cloud: InMemory, order: Order, state: AttemptState, reason: str = "") -> Queued:
    """What its supplier says of a unit that had ended; the message that sees to it."""
    which, top_ups = all_units(order)[0], TopUps(table(cloud, "top_ups"))
    ended = top_ups.find(which)
    assert ended
    kept = top_ups.save(
        ended.with_attempt(replace(ended.attempt, state=state, reason=reason or "5008"))
    )
    return Queued(encode_due(Due(which, kept.version)), 0)


def take_queued(cloud: InMemory) -> list[Queued]:
    """All that the queue holds, whether due or not, taken off it."""
    queue = sqs_backends[ACCOUNT_ID][REGION].queues["topup"]
    taken = [
        Queued(each.body, max(0, round((each.delayed_until - each.sent_timestamp) / 1000)))
        for each in queue._messages
    ]
    queue._messages.clear()
    return taken
