"""Rotating the vault: everything is wrapped anew, nothing is lost, and again does no harm."""

from typing import Any

import boto3
import pytest

from scrip.adapters.keys import Keys
from scrip.adapters.tables import Table
from scrip.adapters.vault import SHREDDED
from scrip.adapters.wrapped import WrappedValues
from scrip.domain.code import Code
from scrip.domain.errors import StoreUnavailable
from scrip.domain.top_up import Unit
from tests import template
from tests.admin.operator import Operator
from tests.buying_codes import kept_codes
from tests.file_upload import open_import, run, upload, view
from tests.in_memory import InMemory, forget_adapters
from tests.oracles.supplier_server import SupplierServer
from tests.reselling import SECRET, open_account, resale_desk
from tests.shop import Reply, Shop

VALUES = 12
"""Of that shop: at least one of each purpose."""

BOUGHT, BOUGHT_CODE = Unit("acme", "0123456789ABCDEF", 0, 0), Code("BOUGHT-1")
NO_TIME_S = 1.0
FILE = b"code\nFILE-1\nFILE-2"


@pytest.fixture
def sold(operator: Operator, acme: Shop, begun: Reply) -> Reply:
    """A shop with a supplier's account, with a shredded batch, and an order from another, whose
    variant is called batch. The import of a file has begun."""
    with SupplierServer().registered():
        SupplierServer.open_account(operator.cloud.values, "acme")
    acme.stock_up("gone", ["GONE-1"])
    acme.pay(acme.place({"gone": 1}))
    assert acme.shred_batch("gone").status == 200
    acme.stock_up("batch", ["CODE-1", "CODE-2"])
    studio = {"title": "Studio", "kind": "generated_key", "generated": {"licence": {}}}
    acme.call("PUT", "/v1/merchant/products/studio", studio, key="operator")
    editor = studio | {"generated": {}}
    assert acme.call("PUT", "/v1/merchant/products/editor", editor, key="operator").status == 200
    placed = acme.place({"batch": 1})
    acme.pay(placed)
    assert kept_codes(operator.cloud).keep(BOUGHT, BOUGHT_CODE, "R", 1)
    open_account(operator.cloud.values, "acme")
    return placed


@pytest.fixture
def begun(operator: Operator, acme: Shop) -> Reply:
    """An import that ran out of time before it took anything."""
    acme.put_variant("file")
    opened = open_import(acme, "file")
    run(operator.cloud, upload(opened, FILE), seconds=NO_TIME_S)
    assert view(acme, opened)["state"] == "running"
    return opened


def wrapped(cloud: InMemory) -> dict[tuple[str, str], bytes]:
    """Every wrapped value there is, found without the code under test."""
    return {
        (item["pk"], item.get("sk", "")): bytes(item[name])
        for table in ("merchants", "resellers", "imports", "stock", "bought_codes")
        for item in cloud.table(table).scan()["Items"]
        for name in ("order_key", "sealed", "sealed_key")
        if name in item
    }


def test_everything_is_wrapped_anew_and_opens_as_before(
    operator: Operator, acme: Shop, sold: Reply
) -> None:
    before = wrapped(operator.cloud)
    codes = acme.codes(sold)

    done = operator.done("vault", "rotate")

    after = wrapped(operator.cloud)
    assert done == {"renewed": VALUES, "current": 0, "changed": 0, "broken": []}
    assert before.keys() == after.keys()
    assert all(after[name] != old for name, old in before.items())
    forget_adapters()
    assert acme.codes(sold) == codes
    desk = resale_desk(operator.cloud.values, "acme")
    assert desk.resellers.secrets(desk.resellers.get("acme", "outlet")) == (SECRET,)
    assert kept_codes(operator.cloud).keep(BOUGHT, BOUGHT_CODE, "R", 1)
    assert not kept_codes(operator.cloud).keep(BOUGHT, Code("ANOTHER"), "R", 1)
    assert acme.place({"gone": 1}).problem == "sold-out"
    assert acme.pay(acme.place({"batch": 1})).json["outcome"] == "delivered"


def test_an_import_that_has_begun_goes_on_with_its_key_wrapped_anew(
    operator: Operator, acme: Shop, begun: Reply
) -> None:
    [(name, before)] = [
        (name, blob) for name, blob in wrapped(operator.cloud).items() if name[1].startswith("job#")
    ]

    operator.done("vault", "rotate")

    after = wrapped(operator.cloud)[name]
    assert after != before
    forget_adapters()
    run(operator.cloud, upload(begun, FILE))
    assert view(acme, begun)["state"] == "done"
    assert after in wrapped(operator.cloud).values()
    assert before not in wrapped(operator.cloud).values()
    placed = acme.place({"file": 2})
    acme.pay(placed)
    assert sorted(acme.codes(placed)) == ["FILE-1", "FILE-2"]


def test_a_mark_of_something_shredded_stays_one(
    operator: Operator, acme: Shop, sold: Reply
) -> None:
    gone = acme.shred_batch("gone").json
    operator.done("vault", "rotate")
    forget_adapters()

    assert acme.shred_batch("gone").json == gone
    batch = f"acme#gone#batch#{acme.batches['gone']}"
    assert wrapped(operator.cloud)[batch, ""].startswith(SHREDDED)


def test_what_is_new_enough_stays(operator: Operator, sold: Reply) -> None:
    operator.done("vault", "rotate")
    before = wrapped(operator.cloud)

    again = operator.done("vault", "rotate", "--before", "2020-01-01T00:00:00Z")

    assert (again["renewed"], again["current"]) == (0, VALUES)
    assert wrapped(operator.cloud) == before


def test_interrupted_it_is_gone_on_with(
    operator: Operator, sold: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrap, calls = Keys.rewrap, []

    def dies(self: Keys, *given: Any) -> bytes:
        calls.append(given)
        if len(calls) == 3:
            raise StoreUnavailable("busy")
        return rewrap(self, *given)

    monkeypatch.setattr(Keys, "rewrap", dies)
    result = operator.run("vault", "rotate")
    assert result.exit_code == 1
    [_, before] = result.stderr.partition("\n")[0].split(" --before ")

    done = operator.done("vault", "rotate", "--before", before.split()[0])

    assert (done["renewed"], done["current"]) == (VALUES - 2, 2)
    assert operator.done("vault", "rotate", "--before", before.split()[0])["renewed"] == 0


def test_what_somebody_changed_meanwhile_stays(
    operator: Operator, sold: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrap = Keys.rewrap

    def meanwhile(self: Keys, sealed: bytes, context: dict[str, str]) -> bytes:
        if context["purpose"] == "gateway":
            key = {"pk": "acme", "sk": "gateway#stripe"}
            operator.cloud.table("merchants").put_item(Item={**key, "sealed": b"set anew"})
        return rewrap(self, sealed, context)

    monkeypatch.setattr(Keys, "rewrap", meanwhile)

    done = operator.done("vault", "rotate")

    assert (done["renewed"], done["changed"]) == (VALUES - 1, 1)
    assert wrapped(operator.cloud)["acme", "gateway#stripe"] == b"set anew"


def test_what_does_not_open_is_named_and_the_rest_renewed(operator: Operator, sold: Reply) -> None:
    merchants = operator.cloud.table("merchants")
    order_key = wrapped(operator.cloud)["acme", "merchant"]
    merchants.put_item(Item={"pk": "acme", "sk": "gateway#stripe", "sealed": order_key})

    result = operator.run("vault", "rotate")

    assert result.exit_code == 1
    assert "does not open: gateway acme stripe" in result.stdout
    assert f"{VALUES - 1} wrapped anew" in result.stdout
    assert wrapped(operator.cloud)["acme", "gateway#stripe"] == order_key


def test_no_plaintext_leaves_kms(
    operator: Operator, sold: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Keys, "open", lambda *_: pytest.fail("opened"))

    assert operator.done("vault", "rotate")["renewed"] == VALUES


def test_every_purpose_is_wrapped_anew(operator: Operator, sold: Reply) -> None:
    cloud = operator.cloud
    kms = Keys(boto3.client("kms"), cloud.values["VaultKeyArn"])
    tables = boto3.client("dynamodb")

    values = WrappedValues(
        Table(tables, cloud.values["MerchantsTable"]),
        Table(tables, cloud.values["ResellersTable"]),
        Table(tables, cloud.values["ImportsTable"]),
        Table(tables, cloud.values["StockTable"]),
        Table(tables, cloud.values["BoughtCodesTable"]),
        kms,
    )

    found = sorted(each.context["purpose"] for each in values.all())

    assert len(found) == VALUES
    assert set(found) == purposes_in_policies()


def purposes_in_policies() -> set[str]:
    """What functions may ask of KMS: none of it may be forgotten by a rotation."""
    found: set[str] = set()
    for function in template.functions():
        for statement in template.statements(function):
            if any(action.startswith("kms:") for action in statement["Action"]):
                named = statement["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"]
                found |= {named} if isinstance(named, str) else set(named)
    return found
