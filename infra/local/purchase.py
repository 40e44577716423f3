"""One purchase, step by step: order, pay, wait for the provider's own callback, read the code.

Everything goes over HTTP, as a shop and its buyer would. Only the wait looks into the table
directly, so that waiting adds nothing to the requests that are counted.
"""

import json
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from infra.local.cloud import Cloud
from infra.local.process import LocalCloudError
from infra.local.seed import Shop
from infra.local.shop import Json, call_shop, call_stripe
from infra.local.trail import errors_in

WAIT_SECONDS = 20
TEST_CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2035", "cvc": "123"}
BUYER = "buyer@example.com"
REPORTED = re.compile(r"REPORT RequestId: \S+\s+Duration: ([\d.]+) ms")

SayStep = Callable[["Step"], None]


@dataclass
class Step:
    """What happened, how long it took, and what the functions asked of AWS meanwhile."""

    name: str
    ms: float = 0.0
    aws_requests: dict[str, int] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Paying:
    """By which provider a buyer pays and how. `asked`: what the order says besides. `pay`: takes
    the payment of the order's answer, says how it was paid. `tell`: has the provider post its
    callback if it does not by itself, says how it went."""

    provider: str
    pay: Callable[[Json], str]
    tell: Callable[[], str]
    asked: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Purchase:
    """`state` is the order's own; `codes` are what the buyer reads; `charged`: how often a supplier
    charged the buyer's account.

    `callback_ms` is the callback's own time: localstripe pauses a second before it posts.
    """

    steps: list[Step]
    gateway: str = "stripe"
    order_id: str = ""
    state: str = ""
    codes: list[str] = field(default_factory=list)
    charged: int = 0
    mail_subject: str = ""
    callback_ms: float = 0.0

    def report(self) -> Json:
        """For build/demo.json: without the codes."""
        return {
            "gateway": self.gateway,
            "order_id": self.order_id,
            "order_state": self.state,
            "codes_delivered": len(self.codes),
            "accounts_charged": self.charged,
            "mail_subject": self.mail_subject,
            "callback_ms": self.callback_ms,
            "steps": [
                {"name": step.name, "ms": step.ms, "aws_requests": step.aws_requests}
                for step in self.steps
            ],
        }

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.report(), indent=2) + "\n")


def buy(
    cloud: Cloud, shop: Shop, variant_id: str, say: SayStep, paying: Paying | None = None
) -> Purchase:
    """Buy one unit of a variant, with Stripe unless told otherwise. Raises LocalCloudError when any
    step fails."""
    paying = paying or by_stripe(cloud, shop)
    purchase = Purchase([], paying.provider)
    recorder = Recorder(cloud, purchase, say)
    mails_before = len(mails(cloud))
    started = time.time()

    with recorder.step("list products") as step:
        listed = call_shop("GET", f"{cloud.base_url}/v1/products", shop.storefront_key)
        step.note = f"{len(listed['products'])} products"

    with recorder.step("place order") as step:
        placed = call_shop(
            "POST",
            f"{cloud.base_url}/v1/orders",
            shop.storefront_key,
            {
                "lines": [{"variant_id": variant_id, "quantity": 1}],
                "email": BUYER,
                "provider": paying.provider,
                **paying.asked,
            },
            {"idempotency-key": secrets.token_hex(16)},
        )
        purchase.order_id = placed["order"]["order_id"]
        token = placed["order_token"]
        reference = placed["payment"]["reference"]
        step.note = f"order {purchase.order_id}, {paying.provider} {reference}"

    with recorder.step("pay") as step:
        step.note = paying.pay(placed["payment"])

    with recorder.step("callback until delivered") as step:
        told = paying.tell()
        purchase.state = wait_for_state(cloud, shop.merchant_id, purchase.order_id, started)
        purchase.callback_ms = callback_ms(cloud, started)
        step.note = f"order is {purchase.state}; {told}, "
        step.note += f"the callback took {purchase.callback_ms:.0f} ms"

    with recorder.step("read order"):
        url = f"{cloud.base_url}/v1/orders/{purchase.order_id}"
        purchase.state = call_shop("GET", url, token)["state"]

    with recorder.step("reveal code") as step:
        revealed = call_shop("POST", f"{url}/reveal", token)
        purchase.codes = [f"{each['code']} {each['pin']}".strip() for each in revealed["codes"]]
        step.note = ", ".join(purchase.codes)

    with recorder.step("mail to the buyer") as step:
        purchase.mail_subject = wait_for_mail(cloud, mails_before)
        step.note = f"'{purchase.mail_subject}' to {BUYER}"
    return purchase


class Recorder:
    """Times steps and counts the AWS requests that fall into each."""

    def __init__(self, cloud: Cloud, purchase: Purchase, say: SayStep) -> None:
        self.cloud = cloud
        self.purchase = purchase
        self.say = say

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        step = Step(name)
        since = time.time()
        yield step
        until = time.time()
        step.ms = round((until - since) * 1000, 1)
        step.aws_requests = dict(sorted(self.cloud.function_requests(since, until).items()))
        self.purchase.steps.append(step)
        self.say(step)


def by_stripe(cloud: Cloud, shop: Shop) -> Paying:
    def pay(payment: Json) -> str:
        pay_at_stripe(cloud, shop, payment["reference"])
        return "test card 4242"

    return Paying("stripe", pay, lambda: "localstripe waited 1 s before it posted")


def pay_at_stripe(cloud: Cloud, shop: Shop, payment_intent: str) -> None:
    """What Stripe's own script does in a buyer's browser."""
    api, key = f"{cloud.stripe_url}/v1", shop.stripe_secret_key
    card = {"type": "card"} | {f"card[{name}]": value for name, value in TEST_CARD.items()}
    method = call_stripe(f"{api}/payment_methods", key, card)
    intent = f"{api}/payment_intents/{payment_intent}"
    call_stripe(intent, key, {"payment_method": method["id"]})
    call_stripe(f"{intent}/confirm", key)


ENDED = frozenset({"delivered", "expired", "refund_due"})


def wait_for_state(
    cloud: Cloud, merchant_id: str, order_id: str, since: float, states: Collection[str] = ENDED
) -> str:
    """The state of the order once it is one of these."""
    dynamodb = cloud.client("dynamodb")
    key = {"pk": {"S": f"{merchant_id}#{order_id}"}}
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        item = dynamodb.get_item(
            TableName=cloud.outputs["OrdersTable"], Key=key, ConsistentRead=True
        ).get("Item", {})
        state = str(item.get("state", {}).get("S", ""))
        if state in states:
            return state
        time.sleep(0.02)
    told = errors_in(cloud.function_logs(since)) or ["no function logged an error"]
    raise LocalCloudError(
        f"order {order_id} was not delivered in {WAIT_SECONDS} s: " + "; ".join(told)
    )


def callback_ms(cloud: Cloud, since: float) -> float:
    """How long the last callback's invocation took, as Lambda reports it; 0 if it is not told."""
    for line in reversed(cloud.function_logs(since, "ApiAcceptPayment")):
        if found := REPORTED.match(line):
            return float(found[1])
    return 0.0


def wait_for_mail(cloud: Cloud, before: int) -> str:
    """The subject of the first mail that SES took after there were `before` of them."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if len(sent := mails(cloud)) > before:
            return str(sent[before]["Subject"])
        time.sleep(0.1)
    raise LocalCloudError(f"no mail in {WAIT_SECONDS} s")


def mails(cloud: Cloud) -> list[Json]:
    """Every mail the local SES has sent, oldest first."""
    answer = urllib3.request("GET", f"{cloud.endpoint}/_ministack/ses/messages", retries=False)
    return [mail for mails in answer.json()["messages"].values() for mail in mails]
