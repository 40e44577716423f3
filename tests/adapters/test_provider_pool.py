"""The connections to payment providers that the wiring makes."""

import socket

from botocore.awsrequest import AWSRequest

from scrip.wiring.clients import provider_http
from tests.oracles.stripe_server import StripeServer


def test_a_requests_body_does_not_wait_until_its_head_is_acknowledged(
    stripe_api: StripeServer,
) -> None:
    http = provider_http.__wrapped__()

    http.send(AWSRequest("POST", stripe_api.base, {}, b"x=1").prepare())

    manager = vars(http)["_manager"]
    [connection] = [
        each for each in manager.connection_from_url(stripe_api.base).pool.queue if each
    ]
    assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
