"""Our calls against localstripe, which was not written for them. It forgets idempotency keys at
once, so whatever is done once here is done once by looking."""

import socket
from collections.abc import Iterator

import pytest
import urllib3
from botocore.httpsession import URLLib3Session

from infra.local.process import start_stripe
from scrip.adapters.gateways.stripe import StripeGateway, StripeSecrets
from scrip.domain.errors import PaymentProviderRefused
from scrip.domain.money import Money
from scrip.domain.payment import Payment, Unpaid
from scrip.domain.refund import RefundState
from tests.adapters.stripe_account import asked, refunding, request
from tests.oracles.stripe_server import SECRET_KEY, WEBHOOK_SECRET

CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2035", "cvc": "123"}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StripeGateway]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = start_stripe(tmp_path_factory.mktemp("localstripe"), port)
    secrets = StripeSecrets(SECRET_KEY, (WEBHOOK_SECRET,))
    yield StripeGateway(secrets, server.url, URLLib3Session(timeout=10))
    server.stop()


def post(account: StripeGateway, path: str, **form: str) -> str:
    """As the shop's page does. Answers the id of what was made or changed."""
    answer = urllib3.PoolManager().request_encode_body(
        "POST",
        account.api.base + path,
        fields=form,
        headers={"authorization": f"Bearer {SECRET_KEY}"},
        encode_multipart=False,
    )
    assert answer.status == 200, answer.data
    return str(answer.json()["id"])


def pay_one(account: StripeGateway) -> tuple[str, Payment]:
    reference = account.open_payment(request()).reference
    fields = {f"card[{name}]": value for name, value in CARD.items()}
    card = post(account, "/v1/payment_methods", type="card", **fields)
    post(account, f"/v1/payment_intents/{reference}", payment_method=card)
    post(account, f"/v1/payment_intents/{reference}/confirm")
    payment = account.query_payment(asked(reference))
    assert isinstance(payment, Payment)
    return reference, payment


def test_a_payment_opens_and_closes(account: StripeGateway) -> None:
    opened = account.open_payment(request())

    assert account.read_payment(request(), opened.reference) == opened
    assert account.query_payment(asked(opened.reference)) == Unpaid()
    for _ in range(2):
        assert account.close_payment(asked(opened.reference)) == Unpaid(closed=True)
    assert account.query_payment(asked(opened.reference)) == Unpaid(closed=True)


def test_a_payment_made_is_told_instead_of_closed(account: StripeGateway) -> None:
    reference, payment = pay_one(account)

    assert (payment.transaction_id, payment.money) == (reference, Money(4500, "EUR"))
    assert account.close_payment(asked(reference)) == payment


def test_a_refund_is_made_once(account: StripeGateway) -> None:
    wanted = refunding(*pay_one(account))

    assert account.query_refund(wanted) is None
    told = account.refund(wanted)

    assert (told.state, told.money) == (RefundState.SUCCEEDED, wanted.money)
    assert account.refund(wanted) == account.query_refund(wanted) == told


def test_a_payment_nobody_opened_is_refused(account: StripeGateway) -> None:
    with pytest.raises(PaymentProviderRefused, match="404"):
        account.query_payment(asked("pi_unknown"))
