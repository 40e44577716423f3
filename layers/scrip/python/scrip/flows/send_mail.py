"""Tell a buyer by mail that an order is ready."""

from collections.abc import Sequence
from typing import Protocol

from scrip.domain.code import Code
from scrip.domain.errors import MailUnderWay, OrderUnknown, ScripError
from scrip.domain.line import Line
from scrip.domain.mail import Mail, Sending, order_ready_mail
from scrip.domain.merchant import Merchant
from scrip.domain.order import Order
from scrip.domain.order_access import last_day_of, render_token
from scrip.steps.first_look import Looks, first_look

KIND, PARTLY = "order_ready", "order_partly_ready"
"""Two mails at most: one of these, or the second and then the first."""


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class Orders(Looks, Protocol):
    def find(
        self, merchant_id: str, order_id: str, *, consistent: bool = False
    ) -> Order | None: ...


class OrderKeys(Protocol):
    def of(self, merchant: Merchant) -> bytes: ...


class Notifications(Protocol):
    def begin(self, merchant_id: str, order_id: str, kind: str, now_ms: int) -> bool | None: ...
    def sent(self, merchant_id: str, order_id: str, kind: str) -> None: ...
    def failed(self, merchant_id: str, order_id: str, kind: str) -> None: ...


class Audit(Protocol):
    def revealed(
        self, merchant_id: str, order_id: str, *, at_ms: int, event_id: str, by: str, source: str
    ) -> None: ...


class Codes(Protocol):
    def open_line(self, order: Order, line: Line) -> Sequence[Code | None]: ...


class Mailer(Protocol):
    def send(self, to: str, mail: Mail) -> None: ...


def send_mail(
    merchant_id: str,
    order_id: str,
    *,
    now_ms: int,
    event_id: str,
    token_days: int,
    merchants: Merchants,
    order_keys: OrderKeys,
    orders: Orders,
    notifications: Notifications,
    audit: Audit,
    codes: Codes,
    mailer: Mailer,
) -> Sending:
    """Raises MailRefused, MailNotAllowed, MailUnderWay, MerchantUnknown, OrderUnknown, SealBroken,
    StoreUnavailable."""
    merchant = merchants.get(merchant_id)
    order = orders.find(merchant_id, order_id, consistent=True)
    if order is None:
        raise OrderUnknown(order_id)
    kind = PARTLY if order.in_progress else KIND
    match notifications.begin(merchant_id, order_id, kind, now_ms):
        case False:
            return Sending.SENT_BEFORE
        case None:
            raise MailUnderWay(order_id)
    try:
        shown: list[Code] = []
        if merchant.mail_codes and order.has_codes:
            audit.revealed(
                merchant_id, order_id, at_ms=now_ms, event_id=event_id, by="mail", source=""
            )
            order = first_look(order, at_ms=now_ms, orders=orders)
            opened = [code for line in order.lines for code in codes.open_line(order, line)]
            shown = [code for code in opened if code is not None]  # the others were shredded
        last_day = last_day_of(order.placed_at_ms, token_days)
        token = render_token(order_keys.of(merchant), merchant_id, order_id, last_day)
        mail = order_ready_mail(
            shop=merchant.name,
            order=order,
            link=merchant.order_url.format(order_id=order_id, token=token),
            codes=shown,
        )
        mailer.send(order.email, mail)
    except ScripError:
        notifications.failed(merchant_id, order_id, kind)
        raise
    notifications.sent(merchant_id, order_id, kind)
    return Sending.SENT
