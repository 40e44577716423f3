"""Mail to buyers: once, in their language, with a link that opens their order, without codes."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scrip.adapters.mailer import Mailer
from scrip.domain.errors import MailRefused, StoreUnavailable
from scrip.domain.mail import Mail
from tests.contents import contents, nothing_changes
from tests.functions.conftest import CODES, Clock
from tests.in_memory import InMemory
from tests.outbox import sent_mail
from tests.samples import sample
from tests.shop import Reply, Shop

NO_FAILURES: dict[str, list[Any]] = {"batchItemFailures": []}
MINUTE_MS = 60_000


@pytest.fixture
def delivered(stocked: Shop) -> Reply:
    return _delivered(stocked)


def _delivered(shop: Shop, **body: Any) -> Reply:
    placed = shop.place({"card-50": 1}, **body)
    shop.pay(placed)
    return placed


def event_for(placed: Reply, merchant_id: str = "demo") -> dict[str, Any]:
    event = sample("queue_send_mail", "ok", order_id=placed.json["order"]["order_id"])
    body = json.loads(event["Records"][0]["body"])
    event["Records"][0]["body"] = json.dumps({**body, "merchant_id": merchant_id})
    return event


def test_a_buyer_is_mailed_a_link_that_opens_the_order(
    cloud: InMemory, stocked: Shop, delivered: Reply
) -> None:
    assert cloud.invoke("queue_send_mail", event_for(delivered)) == NO_FAILURES

    [mail] = sent_mail()
    order_id = delivered.json["order"]["order_id"]
    assert mail.destinations["ToAddresses"] == ["buyer@example.com"]
    assert mail.subject == f"Your order {order_id} is ready"
    found = re.search(r"https://shop\.example/orders/(\w+)#(\S+)", mail.body)
    assert found is not None
    assert found.groups() == (order_id, delivered.json["order_token"])
    assert stocked.call("GET", f"/v1/orders/{order_id}", key=found[2]).status == 200
    assert not any(code in mail.body for code in CODES)


def test_a_buyer_is_mailed_in_the_language_of_the_order(
    cloud: InMemory, stocked: Shop, open_another: Callable[..., Shop]
) -> None:
    chinese = open_another("zhongguo", locale="zh")
    chinese.stock_up("card-50", ["ZH-1"])

    cloud.invoke("queue_send_mail", event_for(_delivered(stocked, locale="zh")))
    cloud.invoke("queue_send_mail", event_for(_delivered(chinese), "zhongguo"))

    subjects = [mail.subject for mail in sent_mail()]
    assert all(subject.endswith("已发货") for subject in subjects), subjects
    assert all("请点击以下链接查看" in mail.body for mail in sent_mail())


def test_codes_are_mailed_only_where_the_merchant_opted_in(
    cloud: InMemory, open_another: Callable[..., Shop]
) -> None:
    shop = open_another("open", mail_codes=True)
    shop.stock_up("card-50", ["ONLY-1"])
    placed = _delivered(shop)

    cloud.invoke("queue_send_mail", event_for(placed, "open"))

    [mail] = sent_mail()
    assert "ONLY-1" in mail.body
    [entry] = contents(cloud)["audit"]
    assert (entry["act"], entry["by"]) == ("revealed", "mail")


def test_a_message_delivered_twice_is_mailed_once(cloud: InMemory, delivered: Reply) -> None:
    cloud.invoke("queue_send_mail", event_for(delivered))

    with nothing_changes(cloud):
        assert cloud.invoke("queue_send_mail", event_for(delivered)) == NO_FAILURES

    assert len(sent_mail()) == 1


def test_a_poison_message_is_reported_alone(cloud: InMemory, stocked: Shop) -> None:
    first, second = _delivered(stocked), _delivered(stocked, email="second@example.com")
    event = sample(
        "queue_send_mail",
        "poison_among_good",
        first_id=first.json["order"]["order_id"],
        second_id=second.json["order"]["order_id"],
    )

    failures = cloud.invoke("queue_send_mail", event)["batchItemFailures"]

    broken, unknown_field = event["Records"][1:3]
    assert [each["itemIdentifier"] for each in failures] == [
        broken["messageId"],
        unknown_field["messageId"],
    ]
    told = [mail.destinations["ToAddresses"] for mail in sent_mail()]
    assert told == [["buyer@example.com"], ["second@example.com"]]


def test_a_message_about_nothing_is_acknowledged(cloud: InMemory, delivered: Reply) -> None:
    unknown = sample("queue_send_mail", "ok", order_id="7K2M9Q4XTB3WHD5N")

    with nothing_changes(cloud):
        assert cloud.invoke("queue_send_mail", unknown) == NO_FAILURES
        assert cloud.invoke("queue_send_mail", event_for(delivered, "nobody")) == NO_FAILURES

    assert sent_mail() == []


def test_while_one_sends_another_waits_and_takes_over_after_the_lease(
    cloud: InMemory, delivered: Reply, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(self: Mailer, to: str, mail: Mail) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Mailer, "send", dies)
        with pytest.raises(SystemExit):
            cloud.invoke("queue_send_mail", event_for(delivered))

    [early] = cloud.invoke("queue_send_mail", event_for(delivered))["batchItemFailures"]
    assert early["itemIdentifier"]
    assert sent_mail() == []
    clock.ahead_ms = 2 * MINUTE_MS
    assert cloud.invoke("queue_send_mail", event_for(delivered)) == NO_FAILURES
    assert len(sent_mail()) == 1


def test_a_busy_mail_service_is_asked_again_at_once(
    cloud: InMemory, delivered: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(self: Mailer, to: str, mail: Mail) -> None:
        raise StoreUnavailable("TooManyRequestsException")

    with monkeypatch.context() as patched:
        patched.setattr(Mailer, "send", busy)
        assert len(cloud.invoke("queue_send_mail", event_for(delivered))["batchItemFailures"]) == 1

    assert cloud.invoke("queue_send_mail", event_for(delivered)) == NO_FAILURES
    assert len(sent_mail()) == 1


def test_a_mail_that_is_refused_for_good_is_acknowledged(
    cloud: InMemory, delivered: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Mailer, to: str, mail: Mail) -> None:
        raise MailRefused("MessageRejected")

    monkeypatch.setattr(Mailer, "send", refused)

    assert cloud.invoke("queue_send_mail", event_for(delivered)) == NO_FAILURES


def test_a_missing_permission_leaves_the_message_for_a_redrive(
    cloud: InMemory, delivered: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(self: Mailer, to: str, mail: Mail) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "SendEmail")

    monkeypatch.setattr(Mailer, "send", denied)

    assert len(cloud.invoke("queue_send_mail", event_for(delivered))["batchItemFailures"]) == 1
