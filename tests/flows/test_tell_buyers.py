"""Orders told by mail, once; the outbox that asks for it."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from scrip.domain.errors import (
    MailRefused,
    MailUnderWay,
    MerchantUnknown,
    OrderUnknown,
    SealBroken,
    StoreUnavailable,
)
from scrip.domain.mail import Mail, Sending
from scrip.domain.merchant import Merchant
from scrip.domain.order import Order, OrderRecord
from scrip.domain.order_access import Access, check_token, parse_token
from scrip.flows.publish_order_moves import publish_order_move
from scrip.flows.send_mail import send_mail
from tests.domain.making import NOW_MS, WINDOW_MS, pending
from tests.flows.fakes import DEMO, ORDER_KEY, Gaps, Journal, Opened, Trail, delivered, refund_due


@dataclass
class Office:
    """Everything a mail needs. `state`: what `begin` finds."""

    journal: Journal = field(default_factory=Journal)
    merchant: Merchant = DEMO
    order: Order | None = field(default_factory=delivered)
    state: bool | None = True
    fault: BaseException | None = None
    mails: list[tuple[str, Mail]] = field(default_factory=list)

    def get(self, merchant_id: str) -> Merchant:
        if merchant_id != self.merchant.merchant_id:
            raise MerchantUnknown(merchant_id)
        return self.merchant

    def of(self, merchant: Merchant) -> bytes:
        return ORDER_KEY

    def find(self, merchant_id: str, order_id: str, *, consistent: bool = False) -> Order | None:
        assert consistent
        return self.order

    def reveal(self, order: Order, at_ms: int) -> Order:
        self.journal.tell("first look")
        return order

    def begin(self, merchant_id: str, order_id: str, kind: str, now_ms: int) -> bool | None:
        self.journal.tell("begin")
        return self.state

    def sent(self, merchant_id: str, order_id: str, kind: str) -> None:
        self.journal.tell("sent")

    def failed(self, merchant_id: str, order_id: str, kind: str) -> None:
        self.journal.tell("failed")

    def send(self, to: str, mail: Mail) -> None:
        if self.fault:
            raise self.fault
        self.journal.tell("send")
        self.mails.append((to, mail))


def mailed(office: Office, **changes: Any) -> Sending:
    parts: dict[str, Any] = dict.fromkeys(
        ("merchants", "order_keys", "orders", "notifications", "mailer"), office
    )
    parts |= {"audit": Trail(office.journal), "codes": Opened(office.journal)} | changes
    order_id = delivered().order_id
    return send_mail("demo", order_id, now_ms=NOW_MS, event_id="e1", token_days=180, **parts)


def test_a_mail_holds_a_link_that_opens_the_order() -> None:
    office = Office()

    assert mailed(office) is Sending.SENT

    [(to, mail)] = office.mails
    assert to == "buyer@example.com"
    assert office.journal.lines == ["begin", "send", "sent"]
    order_id = delivered().order_id
    [link] = [each for each in mail.text.split() if each.startswith("https://")]
    token = parse_token(link.removeprefix(f"https://shop.example/orders/{order_id}#"))
    assert token is not None
    assert check_token(ORDER_KEY, token, order_id, NOW_MS) is Access.GRANTED
    assert "CODE" not in mail.text


def test_codes_are_mailed_where_the_merchant_wants_it_and_written_down_first() -> None:
    office = Office(merchant=replace(DEMO, mail_codes=True))

    mailed(office)

    assert office.journal.lines == [
        "begin",
        f"audit mail  {NOW_MS} e1",
        "first look",
        "open 0",
        "open 1",
        "send",
        "sent",
    ]
    assert "CODE-0-1" in office.mails[0][1].text


def test_a_mail_speaks_the_buyers_language() -> None:
    office = Office(order=replace(delivered(), locale="zh"))

    mailed(office)

    assert "已发货" in office.mails[0][1].subject


def test_what_was_sent_is_not_sent_again() -> None:
    office = Office(state=False)

    assert mailed(office) is Sending.SENT_BEFORE
    assert office.mails == []


def test_what_another_sends_right_now_is_looked_at_later() -> None:
    office = Office(state=None)

    with pytest.raises(MailUnderWay):
        mailed(office)

    assert office.mails == []


@pytest.mark.parametrize("fault", [MailRefused("bounced"), StoreUnavailable("busy")])
def test_a_mail_that_failed_gives_its_mark_back(fault: Exception) -> None:
    office = Office(fault=fault)

    with pytest.raises(type(fault)):
        mailed(office)

    assert office.journal.lines == ["begin", "failed"]


def test_a_mail_whose_codes_do_not_open_is_not_sent() -> None:
    class Broken(Opened):
        def open_line(self, *_: Any) -> Any:
            raise SealBroken("codes")

    office = Office(merchant=replace(DEMO, mail_codes=True))

    with pytest.raises(SealBroken):
        mailed(office, codes=Broken(office.journal))

    assert office.journal.lines[-1] == "failed"
    assert office.mails == []


def test_a_mail_leaves_out_what_was_shredded() -> None:
    office = Office(merchant=replace(DEMO, mail_codes=True))

    assert mailed(office, codes=Gaps(office.journal)) is Sending.SENT

    assert "CODE-0-1" in office.mails[0][1].text
    assert "None" not in office.mails[0][1].text


def test_a_mail_for_nobody_is_refused() -> None:
    with pytest.raises(OrderUnknown):
        mailed(Office(order=None))
    with pytest.raises(MerchantUnknown):
        mailed(Office(merchant=replace(DEMO, merchant_id="other")))


# --- the outbox


class Queue:
    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []

    def order_ready(self, merchant_id: str, order_id: str, trace_id: str) -> None:
        self.told.append((merchant_id, order_id, trace_id))


def tell(old: Order | None, new: Order | None, queue: Queue) -> bool:
    records = [OrderRecord(each, "", ()) if each else None for each in (old, new)]
    return publish_order_move(*records, mail_queue=queue)


def test_an_order_that_became_readable_is_told_once() -> None:
    queue, order = Queue(), delivered()

    assert tell(pending(), order, queue)
    assert not tell(order, order, queue)

    assert queue.told == [("demo", order.order_id, order.trace_id)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (delivered(), delivered().give_back(0, 1)),
        (None, pending()),
        (pending(), pending().expire(NOW_MS + WINDOW_MS)),
        (pending(), refund_due()),
        (delivered(), None),
        (None, None),
    ],
)
def test_a_move_that_shows_nothing_is_told_to_nobody(old: Order | None, new: Order | None) -> None:
    queue = Queue()

    assert not tell(old, new, queue)
    assert queue.told == []


def test_an_order_that_ran_short_but_has_a_code_is_told() -> None:
    queue = Queue()

    assert tell(pending(), refund_due(1), queue)
