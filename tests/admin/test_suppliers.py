"""A shop's accounts with suppliers by command."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from scrip.adapters.scorecards import Scorecards
from scrip.adapters.standings import Standings
from scrip.chance import now_ms
from scrip.domain.charge import Quote
from scrip.domain.money import Money
from scrip.domain.scorecard import Ending
from scrip.domain.standing import Known, Low, Quoted, Record, Standing
from scrip.domain.supplier_terms import DAY_MS, Resend, Terms
from tests.admin.operator import Operator
from tests.in_memory import InMemory
from tests.kinds import registered_kind
from tests.topping_up import table

SECRET = '{"token": "TOP-SECRET"}'
UNLIMITED = {
    "per_minute": None,
    "at_once": None,
    "patience_minutes": None,
    "unsent_minutes": None,
    "min_balance_minor": None,
}


class VendorSecrets(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class Vendor:
    def __init__(self, secrets: VendorSecrets, *_: Any) -> None:
        self.secrets = secrets
        self.terms = Terms("vendor", {}, Resend.REFUSES)

    def balance(self) -> Money:
        return Money(len(self.secrets.token), "CNY")

    def quote(self, sku: str) -> Quote:
        return Quote(Money(990, "CNY"), sku == "there")


@pytest.fixture
def shop(operator: Operator) -> Iterator[Operator]:
    operator.open("acme")
    with registered_kind("vendor", SECRETS=VendorSecrets, SUPPLIER=Vendor):
        yield operator


def test_an_account_is_set_limited_and_listed(shop: Operator) -> None:
    done = shop.done("supplier", "set", "acme", "main", "--kind", "vendor", stdin=SECRET)
    assert done == {"merchant_id": "acme", "account": "main", "kind": "vendor"} | UNLIMITED

    options = ("--per-minute", "90", "--at-once", "2", "--min-balance", "5000")
    limited = shop.done("supplier", "limit", "acme", "main", *options)

    assert (limited["per_minute"], limited["at_once"]) == (90, 2)
    [listed] = shop.done("supplier", "list", "acme")["suppliers"]
    chosen = {"per_minute": 90, "at_once": 2, "min_balance_minor": 5000}
    assert listed == {"account": "main", "kind": "vendor"} | UNLIMITED | chosen
    shown = shop.run("supplier", "list", "acme").stdout.splitlines()
    assert shown[1].split() == ["main", "vendor", "90", "2", "5000"]


def test_a_supplier_is_asked_with_the_secrets_that_were_set(shop: Operator) -> None:
    shop.done("supplier", "set", "acme", "main", "--kind", "vendor", stdin=SECRET)

    assert shop.run("supplier", "balance", "acme", "main").stdout == "10 CNY minor\n"
    assert shop.done("supplier", "balance", "acme", "main")["amount_minor"] == 10
    told = shop.run("supplier", "quote", "acme", "main", "there").stdout
    assert told == "990 CNY minor, available\n"
    assert shop.done("supplier", "quote", "acme", "main", "gone")["available"] is False


@pytest.mark.parametrize("wrong", ["{", '{"token": 7}', '{"x": "TOP-SECRET"}', '"TOP-SECRET"'])
def test_secrets_that_do_not_fit_are_refused_without_being_told(
    shop: Operator, cloud: InMemory, wrong: str
) -> None:
    refused = shop.refused("supplier", "set", "acme", "main", "--kind", "vendor", stdin=wrong)

    assert refused["type"] == "request-invalid"
    assert "TOP-SECRET" not in refused["detail"]
    assert shop.done("supplier", "list", "acme") == {"suppliers": []}


def test_who_is_not_there_is_unknown(shop: Operator) -> None:
    kind = shop.refused("supplier", "set", "acme", "main", "--kind", "nokind", stdin=SECRET)
    account = shop.refused("supplier", "balance", "acme", "main")
    limits = shop.refused("supplier", "limit", "acme", "main", "--at-once", "1")
    nobody = shop.refused("supplier", "set", "nobody", "main", "--kind", "vendor", stdin=SECRET)

    assert kind["type"] == account["type"] == limits["type"] == "supplier-unknown"
    assert nobody["type"] == "merchant-unknown"
    assert shop.run("supplier", "set", "acme", "Main", "--kind", "vendor").exit_code == 2


def test_an_account_stays_with_its_kind(shop: Operator) -> None:
    shop.done("supplier", "set", "acme", "main", "--kind", "vendor", stdin=SECRET)

    with registered_kind("another", SECRETS=VendorSecrets, SUPPLIER=Vendor):
        refused = shop.refused("supplier", "set", "acme", "main", "--kind", "another", stdin=SECRET)

    assert refused["type"] == "request-invalid"


def test_a_supplier_is_judged_by_what_became_of_its_orders(shop: Operator, cloud: InMemory) -> None:
    shop.done("supplier", "set", "acme", "main", "--kind", "vendor", stdin=SECRET)
    scorecards = Scorecards(table(cloud, "top_ups"))
    for seconds in (4, 4, 4, 12):
        scorecards.add("acme", "main", Ending.DONE, seconds * 1000, now_ms())
    scorecards.add("acme", "main", Ending.FAILED, 90_000, now_ms() - 3 * DAY_MS)
    scorecards.add_disputed("acme", "main", {"first"}, now_ms() - 3 * DAY_MS)

    day, week, month = shop.done("supplier", "scorecard", "acme", "main")["spans"]

    assert (day["orders"], day["done"], day["p50_ms"], day["p95_ms"]) == (4, 4, 5000, 15000)
    assert (week["orders"], week["failed"], week["p95_ms"]) == (5, 1, 120_000)
    assert (day["disputed"], week["disputed"]) == (0, 1)
    assert month == week | {"days": 30}
    shown = shop.run("supplier", "scorecard", "acme", "main").stdout.splitlines()
    assert " ".join(shown[2].split()) == "7 5 80.0% 20.0% 0.0% 0.0% 20.0% 5 s 120 s"


def test_what_is_known_of_each_account_is_shown(shop: Operator, cloud: InMemory) -> None:
    assert shop.done("supplier", "standing", "acme") == {"standings": []}
    for account in ("main", "spare"):
        shop.done("supplier", "set", "acme", account, "--kind", "vendor", stdin=SECRET)
    told_at_ms = 1_790_000_000_000
    cost, balance = Money(990, "CNY"), Money(4000, "CNY")
    quotes = {"S1": Quoted(Quote(cost, True), told_at_ms)}
    known = Standing("main", Known(balance, told_at_ms), quotes, Record(30, 29, 5000), 5000, Low(7))
    Standings(table(cloud, "top_ups")).save("acme", known)

    main, spare = shop.done("supplier", "standing", "acme")["standings"]

    assert (main["balance_minor"], main["low"], main["done"]) == (4000, True, 29)
    [good] = main["goods"]
    assert (good["sku"], good["cost_minor"], good["available"]) == ("S1", 990, True)
    assert (spare["balance_minor"], spare["goods"]) == (None, [])
    shown = shop.run("supplier", "standing", "acme").stdout.splitlines()
    row = "main 4000 CNY minor low 29 of 30 5 s S1 990 CNY minor yes 2026-09-21T14:13:20Z"
    assert shown[1].split() == row.split()
