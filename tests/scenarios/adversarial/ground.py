"""Where the cases are tried: shops in the deployed cloud, and what is kept and logged there."""

import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from unittest import mock

import boto3
import msgspec

from scrip.adapters.gateways.registry import Gateways
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.tables import Table
from scrip.contracts.problems import TYPE_PREFIX
from scrip.domain.errors import SignatureMissing
from scrip.wiring.clients import provider_http
from tests.scenarios.adversarial.accounts import Account, order_id_of
from tests.scenarios.adversarial.cases import FORGED, UNMATCHED, Case, Scene, Shops
from tests.scenarios.adversarial.logged import Logged, check_counted, check_logged
from tests.scenarios.deployed import Deployed, wait_until
from tests.scenarios.test_expire import make_older, sweep_and_read
from tests.shop import Reply, Shop

CURRENCIES = ("EUR", "CNY")
CODES, FEW = 150, 3
WAKINGS, AWAKE = 5, 24
"""As many callbacks as come at once, and some."""

PAST_ASKING_MS = 15 * 60_000
"""How long before it expires an order is made to be: its provider is not asked about it any more,
and tells nobody that it was paid when the callback is to tell alone."""


class Ground:
    """`idle`: by provider, the order to which nothing happens; `untouched`: its items. `ended`: how
    the orders of the cases so far were paid; `sold`: what they sold, by currency."""

    def __init__(self, deployed: Deployed, known: Mapping[str, Account]) -> None:
        self.deployed = deployed
        self.accounts = known
        self.idle: dict[str, Reply] = {}
        self.untouched: dict[str, Any] = {}
        self.ended: dict[str, Any] = {}
        self.sold: Counter[str] = Counter()
        self.cases: list[tuple[Case, Logged]] = []
        self.began = time.time()
        self.dynamodb = deployed.cloud.client("dynamodb")
        deployed.carrier.secrets |= {each for a in known.values() for each in a.hidden}
        with mock.patch.dict(os.environ, deployed.cloud.environment()):
            self.shops = Shops(
                *(deployed.open_shop(f"shop-{secrets.token_hex(4)}") for _ in "1234")
            )
            self._set_up()
        for shop, codes in ((self.shops.shop, CODES), (self.shops.neighbour, FEW)):
            for currency in CURRENCIES:
                made = [f"CODE-{secrets.token_hex(8)}" for _ in range(codes)]
                shop.stock_up(f"card-{currency.lower()}", made, currency=currency)

    def _set_up(self) -> None:
        """The accounts that each shop has."""
        outputs = self.deployed.cloud.outputs
        merchants = Merchants(Table(boto3.client("dynamodb"), outputs["MerchantsTable"]))
        keys = Keys(boto3.client("kms"), outputs["VaultKeyArn"])
        gateways = Gateways(merchants, keys, provider_http())
        for shop, whose in zip(self.shops, ("own", "own", "strange", "live"), strict=True):
            for name, account in self.accounts.items():
                found = getattr(account.settings(shop.merchant_id), whose)
                if found is not None:
                    gateways.set(shop.merchant_id, name, msgspec.json.encode(found))

    def place(self, shop: Shop, account: Account) -> Reply:
        placed = shop.place(
            {f"card-{account.currency.lower()}": 1},
            provider=account.provider,
            idempotency_key=secrets.token_hex(8),
            **account.asked,
        )
        assert placed.status == 201, placed.text
        make_older(self.deployed, shop, placed, by_ms=-PAST_ASKING_MS)
        return placed

    def quiet(self, account: Account) -> Reply:
        """An order for all cases that may move nothing."""
        if account.provider not in self.idle:
            self.idle[account.provider] = placed = self.place(self.shops.shop, account)
            self.untouched[order_id_of(placed)] = self.kept(placed)
        return self.idle[account.provider]

    def scene(self, account: Account, placed: Reply) -> Scene:
        return Scene(self.shops, account, placed, self.place, self.expire)

    def expire(self, placed: Reply) -> None:
        shop = self.shops.shop
        make_older(self.deployed, shop, placed)
        wait_until(lambda: sweep_and_read(self.deployed, shop, placed) == "expired")

    def kept(self, placed: Reply) -> dict[str, Any]:
        """An order's items."""
        found = self.dynamodb.query(
            TableName=self.deployed.cloud.outputs["OrdersTable"],
            KeyConditionExpression="pk = :key",
            ExpressionAttributeValues={
                ":key": {"S": f"{self.shops.shop.merchant_id}#{order_id_of(placed)}"}
            },
            ConsistentRead=True,
        )
        return {_place_of(item): item for item in found["Items"]}

    def done(self, scene: Scene, case: Case, logged: Logged) -> None:
        """A case ended well; what takes longer is looked at in the end, for all at once."""
        kept = self.kept(scene.placed)
        before = self.untouched.get(scene.order_id, kept)
        assert before == kept, (before, kept)
        self.ended |= {place: _paid(item) for place, item in kept.items()}
        self.sold[scene.account.currency] += case.delivered
        self.cases.append((case, logged))

    def check(self) -> None:
        if self.cases:
            self._nothing_else_moved()
            self._kept_as_they_came()
            self._as_logged()

    def _nothing_else_moved(self) -> None:
        """Each order stands as its own case left it, and only what was sold is gone."""
        now = {_place_of(item): _paid(item) for item in self.deployed.raw_items("orders")}
        moved = [(paid, now[place]) for place, paid in self.ended.items() if now[place] != paid]
        assert not moved, moved
        for shop, left in (
            (self.shops.shop, {each: CODES - self.sold[each] for each in CURRENCIES}),
            (self.shops.neighbour, dict.fromkeys(CURRENCIES, FEW)),
        ):
            found = {each: _available(shop, each) for each in CURRENCIES}
            assert found == left, (found, left)

    def _kept_as_they_came(self) -> None:
        """What a provider signed is kept, and nothing that anybody could write."""
        s3, bucket = (
            self.deployed.cloud.client("s3"),
            self.deployed.cloud.outputs["CallbacksBucket"],
        )
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        kept = {
            each["Key"].rpartition("-")[2] for page in pages for each in page.get("Contents", ())
        }
        signed, forged, either = dict[str, Case](), dict[str, Case](), dict[str, Case]()
        for case, logged in self.cases:
            for answer, raw in zip(case.answers, logged.bodies, strict=True):
                if isinstance(answer, str) or answer in UNMATCHED:
                    kind = signed
                else:
                    kind = forged if answer in FORGED else either
                kind[sha256(raw).hexdigest()[:32]] = case
        lost = [signed[each] for each in signed.keys() - kept]
        assert not lost, lost
        # The same bytes may come again, rightly signed.
        believed = [forged[each] for each in (forged.keys() & kept) - signed.keys() - either.keys()]
        assert not believed, believed

    def _as_logged(self) -> None:
        """The emulator reads what an instance writes for a moment after its answer. On a busy
        machine the rest comes with that instance's next call: then all of them are called."""
        woken = 0
        while True:
            try:
                return self._check_log(woken)
            except AssertionError:
                if woken == WAKINGS * AWAKE:
                    raise
            with ThreadPoolExecutor(AWAKE) as pool:
                answered = Counter(pool.map(self._wake, range(AWAKE)))
            assert answered == {SignatureMissing.slug: AWAKE}
            woken += AWAKE

    def _wake(self, _: int) -> str:
        """A callback that nobody signed."""
        path = f"/v1/callbacks/payments/{self.shops.shop.merchant_id}/stripe"
        return self.deployed.carrier.send("POST", path, {}, b"{}").problem

    def _check_log(self, woken: int) -> None:
        lines = self.deployed.cloud.function_logs(self.began, "ApiAcceptPayment")
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        by_trace: dict[str, list[dict[str, Any]]] = {}
        for entry in entries:
            by_trace.setdefault(entry.get("trace_id", ""), []).append(entry)
        endings, log = Counter[str](), "\n".join(lines)
        for case, logged in self.cases:
            endings += check_logged(case, logged, by_trace, log)
        endings[TYPE_PREFIX + SignatureMissing.slug] += woken
        check_counted([case for case, _ in self.cases], endings, entries)


def _place_of(item: dict[str, Any]) -> str:
    return f"{item['pk']['S']} {item.get('sk')}"


def _paid(item: dict[str, Any]) -> dict[str, Any]:
    """What only callbacks change. What is due is followed up meanwhile."""
    own = ("order_lines", "payment")
    strays = sorted(name for name in item if name.startswith("stray#"))
    return {"strays": strays, **{name: item.get(name) for name in own}}


def _available(shop: Shop, currency: str) -> Any:
    path = f"/v1/merchant/variants/card-{currency.lower()}/stock"
    return shop.call("GET", path, key="operator").json["available"]
