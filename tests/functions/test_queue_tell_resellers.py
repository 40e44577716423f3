"""Resellers are told of orders that ended: signed, at least once, for a day."""

import json
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from standardwebhooks.webhooks import Webhook

from scrip.adapters.public_https import NotSent, PublicHttps
from scrip.domain.resale_news import WAITS_MS
from tests.admin.operator import Operator, deploy_stack
from tests.admin.test_queues import given_up, stream
from tests.functions.conftest import CODES, Clock
from tests.in_memory import InMemory
from tests.outbox import publish
from tests.reselling import SECRET, Desk, ResellerClient, open_account, take_news
from tests.shop import InProcess, Shop

URL = "https://outlet.example/scrip"
NEWER = SECRET[:-6] + "AAAAA="


@dataclass
class Outlet:
    """The reseller's own server. `answers`: statuses, or why there is none; then 204."""

    answers: list[int | str] = field(default_factory=list)
    told: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def post(self, url: str, headers: dict[str, str], body: bytes) -> int:
        self.told.append((url, headers, body))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, str):
            raise NotSent(answer)
        return answer

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body)["data"] for _, _, body in self.told]


@pytest.fixture
def outlet(monkeypatch: pytest.MonkeyPatch) -> Outlet:
    server = Outlet()
    monkeypatch.setattr(PublicHttps, "post", lambda _, *given: server.post(*given))
    return server


@pytest.fixture
def desk(cloud: InMemory, stocked: Shop) -> Desk:
    desk = open_account(cloud.values, balance=100_000)
    desk.resellers.change("demo", "outlet", {"callback_url": URL})
    return desk


@pytest.fixture
def client(cloud: InMemory, desk: Desk, clock: Clock) -> ResellerClient:
    return ResellerClient(InProcess(cloud), now=lambda: clock.now_ms / 1000)


def tell(cloud: InMemory) -> list[int]:
    """The queue hands over all it has. After how many seconds each came."""
    taken = take_news(cloud)
    for event, _ in taken:
        assert cloud.invoke("queue_tell_resellers", event) == {"batchItemFailures": []}
    return [delay for _, delay in taken]


def test_a_delivered_order_is_told_without_its_codes(
    cloud: InMemory, client: ResellerClient, outlet: Outlet, clock: Clock
) -> None:
    client.order("card-50", 2)
    publish(cloud)

    assert tell(cloud) == [0]

    [(url, headers, body)] = outlet.told
    assert url == URL
    told = Webhook(SECRET).verify(body, headers)
    assert told == {"type": "order.ended", "data": client.read().json}
    assert not any(code.encode() in body for code in CODES)
    assert take_news(cloud) == []


def test_who_dies_after_it_was_taken_tells_it_again_as_the_same(
    cloud: InMemory, client: ResellerClient, outlet: Outlet
) -> None:
    client.order("card-50")
    publish(cloud)
    [(event, _)] = take_news(cloud)

    for _ in range(2):  # the queue hands over again what was not acknowledged
        cloud.invoke("queue_tell_resellers", event)

    assert outlet.told[0][2] == outlet.told[1][2]
    assert len({headers["webhook-id"] for _, headers, _ in outlet.told}) == 1


def test_what_is_given_back_is_told_as_well(
    cloud: InMemory, stocked: Shop, client: ResellerClient, outlet: Outlet
) -> None:
    stocked.stock_up("rare", ["RARE-1"])
    client.order("rare", 2)
    publish(cloud)
    tell(cloud)
    cloud.invoke("schedule_follow_up", {})
    publish(cloud)  # the whole stream once more: what was told is told again

    tell(cloud)

    assert [(each["state"], each["refunded_minor"]) for each in outlet.bodies[:1]] == [
        ("failed", 0)
    ]
    assert {each["refunded_minor"] for each in outlet.bodies[1:]} == {9000}
    ids = [headers["webhook-id"] for _, headers, _ in outlet.told]
    assert len(set(ids)) == 2
    assert len(set(ids[1:])) == 1


def test_it_is_signed_with_each_secret_that_is_valid(
    cloud: InMemory, desk: Desk, client: ResellerClient, outlet: Outlet
) -> None:
    account = desk.resellers.get("demo", "outlet")
    desk.resellers.swap_secrets(account, desk.resellers.sealed("demo", "outlet", NEWER, SECRET))
    client.order("card-50")
    publish(cloud)

    tell(cloud)

    [(_, headers, body)] = outlet.told
    for secret in (NEWER, SECRET):
        Webhook(secret).verify(body, headers)


def test_it_is_told_again_until_it_is_taken(
    cloud: InMemory, client: ResellerClient, outlet: Outlet, clock: Clock
) -> None:
    outlet.answers = [500, "no_answer", 302]
    client.order("card-50")
    publish(cloud)
    assert tell(cloud) == [0]

    assert tell(cloud) == [5]  # too early: it waits once more
    assert len(outlet.told) == 1
    delays = []
    for seconds in (5, 305, 2105):
        clock.ahead_ms = seconds * 1000 + 2000
        while len(outlet.told) < 2 + (5, 305, 2105).index(seconds):
            delays += tell(cloud)

    assert max(delays) == 900  # of SQS
    assert take_news(cloud) == []
    assert len({headers["webhook-id"] for _, headers, _ in outlet.told}) == 1
    assert {body for _, _, body in outlet.told} == {outlet.told[0][2]}


def test_after_a_day_it_is_given_up_and_a_person_sees_it(
    cloud: InMemory,
    client: ResellerClient,
    outlet: Outlet,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    outlet.answers = ["no_answer"] * 8
    order_id = client.order("card-50").json["order_id"]
    publish(cloud)
    tell(cloud)
    for wait_ms in WAITS_MS:
        clock.ahead_ms += wait_ms + 1000
        tell(cloud)

    assert len(outlet.told) == 8
    assert take_news(cloud) == []
    assert '"ResellersUntold":[1.0]' in capsys.readouterr().out
    deploy_stack(cloud)
    operator = Operator(cloud)
    [untold] = operator.done("reseller", "untold", "demo", "outlet")["untold"]
    assert (untold["order_id"], untold["reference"]) == (order_id, "A-1")
    assert untold["reason"] == "no_answer"
    assert operator.done("reseller", "balance", "demo", "outlet", "--proof")["entries_minor"]
    operator.done("reseller", "tell", "demo", "outlet", order_id)
    tell(cloud)
    assert len(outlet.told) == 9
    assert operator.done("reseller", "untold", "demo", "outlet") == {"untold": []}
    other = operator.refused("reseller", "tell", "demo", "corner", order_id)
    assert other["type"] == "order-unknown"


def test_who_wants_no_more_of_it_is_not_told_again(
    cloud: InMemory, client: ResellerClient, outlet: Outlet
) -> None:
    outlet.answers = [410]
    client.order("card-50")
    publish(cloud)

    tell(cloud)

    assert take_news(cloud) == []
    assert [each["reason"] for each in _untold(cloud)] == ["status_410"]


def test_who_has_no_address_is_not_told(
    cloud: InMemory, desk: Desk, client: ResellerClient, outlet: Outlet
) -> None:
    desk.resellers.change("demo", "outlet", {"callback_url": ""})
    client.order("card-50")
    publish(cloud)

    tell(cloud)

    assert outlet.told == []


def test_what_the_outbox_gave_up_on_is_told_by_the_operators_redrive(
    cloud: InMemory, client: ResellerClient, outlet: Outlet
) -> None:
    client.order("card-50")
    found = deploy_stack(cloud)
    arn, shard, numbers = stream(cloud)
    body = given_up(arn, shard, numbers[0], numbers[-1])
    boto3.client("sqs").send_message(QueueUrl=found["OrdersStreamDeadQueueUrl"], MessageBody=body)

    Operator(cloud).done("queue", "redrive", "orders-stream", "--yes")
    tell(cloud)

    assert [each["state"] for each in outlet.bodies] == ["delivered"]


def test_an_address_must_be_a_public_name(cloud: InMemory, desk: Desk) -> None:
    deploy_stack(cloud)
    operator = Operator(cloud)
    change = ("reseller", "set", "demo", "outlet", "--callback-url")

    assert operator.refused(*change, "https://10.0.0.1/")["type"] == "request-invalid"
    assert operator.refused(*change, "http://outlet.example/")["type"] == "request-invalid"
    assert operator.done(*change, "https://b.example/x")["callback_url"] == "https://b.example/x"
    assert operator.done(*change, "")["callback_url"] == ""


def _untold(cloud: InMemory) -> list[Any]:
    deploy_stack(cloud)
    found: list[Any] = Operator(cloud).done("reseller", "untold", "demo", "outlet")["untold"]
    return found
