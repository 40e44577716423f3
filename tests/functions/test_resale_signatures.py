"""Who may speak for a reseller: every byte of a request is signed, and its time."""

import json
from collections.abc import Iterator

import pytest

from scrip.domain import resale_refusals
from tests.contents import nothing_changes
from tests.documented import Documented, is_refused
from tests.functions.conftest import Clock
from tests.in_memory import InMemory
from tests.reselling import SECRET, Desk, ResellerClient, open_account
from tests.shop import InProcess, Reply, Shop

NEWER = SECRET[:-6] + "AAAAA="
BODY = b'{"reference":"A-1","variant_id":"card-50"}'


@pytest.fixture
def desk(cloud: InMemory, stocked: Shop) -> Desk:
    return open_account(cloud.values, balance=9000)


@pytest.fixture
def client(cloud: InMemory, desk: Desk, clock: Clock) -> ResellerClient:
    return ResellerClient(Documented(InProcess(cloud)), now=lambda: clock.now_ms / 1000)


def changed(text: str) -> Iterator[str]:
    """With each character another one."""
    for place, symbol in enumerate(text):
        yield text[:place] + ("1" if symbol != "1" else "2") + text[place + 1 :]


def send(client: ResellerClient, headers: dict[str, str], body: bytes = BODY) -> Reply:
    return client.carrier.send("POST", f"{client.root}/orders", headers, body)


def test_every_change_of_a_signed_request_is_refused(
    cloud: InMemory, client: ResellerClient
) -> None:
    headers = client.signed("POST", f"{client.root}/orders", BODY)

    with nothing_changes(cloud):
        for name, value in headers.items():
            # The first three are `v1,`: another version is none that is known.
            for other in changed(value):
                reply = send(client, headers | {name: other})
                assert is_refused(reply, resale_refusals.RequestUnsigned), other
            missing = {each: headers[each] for each in headers if each != name}
            assert is_refused(send(client, missing), resale_refusals.RequestUnsigned)
        for body in changed(BODY.decode()):
            reply = send(client, headers, body.encode())
            assert is_refused(reply, resale_refusals.RequestUnsigned), body

    assert send(client, headers).json["state"] == "delivered"


def test_a_signature_is_of_one_path_and_one_account(
    cloud: InMemory, client: ResellerClient
) -> None:
    open_account(cloud.values, reseller_id="corner", secret=NEWER, balance=9000)
    signed = client.signed("GET", f"{client.root}/balance", b"")

    for path in ("/v1/resale/demo/outlet/prices", "/v1/resale/demo/corner/balance"):
        reply = client.carrier.send("GET", path, signed, b"")
        assert is_refused(reply, resale_refusals.RequestUnsigned)
    nobody = ResellerClient(client.carrier, reseller_id="nobody", now=client.now)
    other_shop = ResellerClient(client.carrier, merchant_id="other", now=client.now)
    for stranger in (nobody, other_shop):
        reply = stranger.call("GET", "balance")
        assert is_refused(reply, resale_refusals.RequestUnsigned)


def test_a_request_is_good_for_five_minutes_either_way(client: ResellerClient) -> None:
    for ahead in (298, -298):
        client.ahead_seconds = ahead
        assert client.call("GET", "balance").status == 200, ahead
    for ahead in (303, -303):
        client.ahead_seconds = ahead
        assert is_refused(client.call("GET", "balance"), resale_refusals.RequestStale), ahead


def test_a_request_that_is_sent_again_is_the_same_order(
    cloud: InMemory, client: ResellerClient, desk: Desk
) -> None:
    headers = client.signed("POST", f"{client.root}/orders", BODY)
    first = send(client, headers)

    with nothing_changes(cloud):
        again = send(client, headers)

    assert again.json == first.json
    assert desk.moved() == [9000, -4500]


def test_two_secrets_are_good_at_once(client: ResellerClient, desk: Desk) -> None:
    account = desk.resellers.get("demo", "outlet")
    assert desk.resellers.swap_secrets(
        account, desk.resellers.sealed("demo", "outlet", NEWER, SECRET)
    )

    for secret in (SECRET, NEWER):
        client.secret = secret
        assert client.call("GET", "balance").status == 200
    account = desk.resellers.get("demo", "outlet")
    desk.resellers.swap_secrets(account, desk.resellers.sealed("demo", "outlet", NEWER))
    assert client.call("GET", "balance").status == 200
    client.secret = SECRET
    assert is_refused(client.call("GET", "balance"), resale_refusals.RequestUnsigned)


def test_nothing_is_read_before_it_is_known_who_sends(client: ResellerClient) -> None:
    path = f"{client.root}/orders"

    for body in (b"{", json.dumps({"x": 1}).encode()):
        unsigned = client.carrier.send("POST", path, {}, body)
        assert is_refused(unsigned, resale_refusals.RequestUnsigned)
    signed = client.carrier.send("POST", path, client.signed("POST", path, b"{"), b"{")
    assert signed.problem == "request-malformed"
