"""Merchants and API keys by command."""

from scrip.domain.reveal_watch import DEFAULT_LIMIT
from tests.admin.operator import Operator
from tests.in_memory import InMemory
from tests.oracles.stripe_server import StripeServer
from tests.shop import InProcess, Shop

ORDER_URL = "https://acme.example/o/{order_id}#{token}"


def test_a_merchant_is_created_shown_and_listed(operator: Operator) -> None:
    arguments = ("--name", "Acme 商店", "--order-url", ORDER_URL, "--locale", "zh", "--mail-codes")

    made = operator.done("merchant", "create", "acme", *arguments)

    expected = {
        "merchant_id": "acme",
        "name": "Acme 商店",
        "order_url": ORDER_URL,
        "locale": "zh",
        "mail_codes": True,
        "created_at_ms": made["created_at_ms"],
        "reveal_limit": DEFAULT_LIMIT,
        "notify_email": "",
        "payment_policy": {},
        "on_reversal": "hold",
    }
    assert made == expected
    assert operator.done("merchant", "show", "acme") == {**expected, "gateways": [], "keys": 0}
    assert operator.done("merchant", "list") == {"merchants": [expected]}


def test_people_read_lines(operator: Operator) -> None:
    operator.open()

    listed = operator.run("merchant", "list")
    shown = operator.run("merchant", "show", "acme")

    assert listed.stdout.splitlines()[0].split() == ["MERCHANT", "NAME", "LOCALE", "CREATED"]
    assert listed.stdout.splitlines()[1].startswith("acme      Acme")
    assert "gateways        none" in shown.stdout
    assert "payment_policy  usual" in shown.stdout


def test_a_merchant_is_created_once(operator: Operator) -> None:
    operator.open()

    error = operator.refused(
        "merchant", "create", "acme", "--name", "Other", "--order-url", ORDER_URL
    )

    assert (error["type"], error["outcome"]) == ("merchant-exists", "terminal")
    assert operator.done("merchant", "show", "acme")["name"] == "Acme"


def test_a_merchant_that_cannot_be_is_refused(operator: Operator) -> None:
    def create(merchant_id: str, url: str) -> str:
        error = operator.refused(
            "merchant", "create", merchant_id, "--name", "A", "--order-url", url
        )
        return str(error["detail"])

    assert create("Acme", ORDER_URL).startswith("id:")
    assert "https://" in create("acme", "http://acme.example/{order_id}#{token}")
    assert "{token}" in create("acme", "https://acme.example/{order_id}")
    assert operator.done("merchant", "list") == {"merchants": []}


def test_a_name_that_does_not_print_is_wrong_usage(operator: Operator) -> None:
    result = operator.run("merchant", "create", "acme", "--name", "A\nB", "--order-url", ORDER_URL)

    assert result.exit_code == 2
    assert "printable" in result.stderr


def test_an_issued_key_opens_the_api_until_it_is_revoked(
    operator: Operator, cloud: InMemory, stripe_api: StripeServer
) -> None:
    operator.open()

    issued = operator.done("key", "issue", "acme", "--scope", "operator", "--label", "ops")

    shop = Shop(InProcess(cloud), "acme", {"operator": issued["secret"]}, stripe_api)
    assert shop.call("GET", "/v1/merchant/products", key="operator").status == 200
    assert operator.done("key", "list", "acme") == {"keys": [issued["key"]]}
    assert set(issued["key"]) == {"key_id", "scope", "label", "created_at_ms", "issued_by"}

    gone = operator.done("key", "revoke", "acme", issued["key"]["key_id"])

    assert gone == issued["key"]
    assert operator.done("key", "list", "acme") == {"keys": []}
    assert shop.call("GET", "/v1/merchant/products", key="operator").status == 401


def test_stdout_of_an_issued_key_is_the_credential_alone(operator: Operator) -> None:
    operator.open()

    result = operator.run("key", "issue", "acme", "--scope", "finance", "--label", "books")

    secret = result.stdout.strip()
    assert secret.startswith("sk_acme_")
    assert secret not in result.stderr
    assert secret.rpartition("_")[2] not in operator.run("key", "list", "acme").output


def test_keys_of_nobody_and_unknown_keys_are_refused(operator: Operator) -> None:
    operator.open()

    issue = operator.refused("key", "issue", "nobody", "--scope", "operator", "--label", "x")
    listing = operator.refused("key", "list", "nobody")
    revoke = operator.refused("key", "revoke", "acme", "00000000")

    assert issue["type"] == listing["type"] == "merchant-unknown"
    assert revoke["type"] == "key-unknown"


def test_what_counts_as_unusual_is_changed(operator: Operator) -> None:
    operator.open()

    changed = operator.done("merchant", "set", "acme", "--reveal-limit", "5000")

    assert changed["reveal_limit"] == 5000
    assert operator.done("merchant", "show", "acme")["reveal_limit"] == 5000
    assert operator.done("merchant", "set", "acme", "--reveal-limit", "0")["reveal_limit"] == 0
    assert operator.run("merchant", "set", "acme", "--reveal-limit", "19").exit_code == 2
    told = operator.done("merchant", "set", "acme", "--notify-email", "boss@acme.example")
    assert (told["notify_email"], told["reveal_limit"]) == ("boss@acme.example", 0)
    assert operator.run("merchant", "set", "acme", "--notify-email", "boss").exit_code == 2
    assert operator.run("merchant", "set", "acme").exit_code == 2
    assert operator.done("merchant", "set", "acme", "--notify-email", "")["notify_email"] == ""
    error = operator.refused("merchant", "set", "nobody", "--reveal-limit", "50")
    assert error["type"] == "merchant-unknown"


def test_a_merchant_chooses_what_becomes_of_payments_that_do_not_fit(operator: Operator) -> None:
    operator.open()

    operator.done("merchant", "set", "acme", "--on-payment", "late=hold")
    changed = operator.done("merchant", "set", "acme", "--on-payment", "over=refund")

    assert changed["payment_policy"] == {"late": "hold", "over": "refund"}
    assert operator.done("merchant", "show", "acme")["payment_policy"] == changed["payment_policy"]
    for wrong in ("short=deliver", "exact=hold", "changed=refund", "late", "=", "late=nothing"):
        assert operator.run("merchant", "set", "acme", "--on-payment", wrong).exit_code == 2
