"""Nobody listens: that is for sending again, never a bug."""

from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.httpsession import URLLib3Session

from scrip.adapters.aws import ask
from scrip.adapters.gateways.stripe import StripeGateway, StripeSecrets
from scrip.domain.errors import PaymentProviderUnavailable, StoreUnavailable
from scrip.domain.money import Money
from scrip.domain.payment import PaymentRequest

NOBODY = "http://127.0.0.1:9"
REQUEST = PaymentRequest(
    "demo", "0123456789ABCDEF", Money(4500, "EUR"), "Shop", None, 1_800_000_000_000
)


def test_a_store_that_refuses_connections_is_unavailable() -> None:
    client: Any = botocore.session.Session().create_client(
        "dynamodb",
        region_name="eu-central-1",
        endpoint_url=NOBODY,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )

    with pytest.raises(StoreUnavailable, match="EndpointConnectionError"):
        ask(client.list_tables)


def test_a_provider_that_refuses_connections_is_unavailable() -> None:
    secrets = StripeSecrets("sk_test_x", ("whsec_0123456789abcdef",))
    gateway = StripeGateway(secrets, NOBODY, URLLib3Session())

    with pytest.raises(PaymentProviderUnavailable, match="EndpointConnectionError"):
        gateway.read_payment(REQUEST, "pi_1")
