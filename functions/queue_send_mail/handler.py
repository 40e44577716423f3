"""Send mail: to buyers that their orders are ready, to merchants about stock, money, suppliers."""

from typing import Any

from scrip.batching import in_batches
from scrip.chance import now_ms, random_id
from scrip.contracts.messages import (
    Message,
    MoneyMoved,
    OrderReady,
    StockWarned,
    SupplierWarned,
    read_messages,
)
from scrip.domain.mail import Sending
from scrip.flows.send_mail import send_mail
from scrip.flows.send_money_notice import send_money_notice
from scrip.flows.send_stock_warning import send_stock_warning
from scrip.flows.send_supplier_warning import send_supplier_warning
from scrip.telemetry import count, logger
from scrip.wiring import mail

COUNTED = {
    Sending.SENT: "MailSent",
    Sending.SENT_BEFORE: "MailSentBefore",
    Sending.NOBODY: "MailForNobody",
}
mail.warm()


def order_ready(message: OrderReady) -> Sending:
    wired = mail.mail()
    return send_mail(
        message.merchant_id,
        message.order_id,
        now_ms=now_ms(),
        event_id=random_id(8),
        token_days=wired.settings.order_token_days,
        merchants=wired.merchants,
        order_keys=wired.order_keys,
        orders=wired.delivered,
        notifications=wired.notifications,
        audit=wired.audit,
        codes=wired.codes,
        mailer=wired.mailer,
    )


def stock_warned(message: StockWarned) -> Sending:
    wired = mail.mail()
    return send_stock_warning(
        message.merchant_id,
        message.event_id,
        now_ms=now_ms(),
        merchants=wired.merchants,
        events=wired.stock_events,
        notifications=wired.notifications,
        mailer=wired.mailer,
    )


def money_moved(message: MoneyMoved) -> Sending:
    wired = mail.mail()
    return send_money_notice(
        message.merchant_id,
        message.event_id,
        now_ms=now_ms(),
        merchants=wired.merchants,
        events=wired.money_events,
        notifications=wired.notifications,
        mailer=wired.mailer,
    )


def supplier_warned(message: SupplierWarned) -> Sending:
    wired = mail.mail()
    return send_supplier_warning(
        message.merchant_id,
        message.event_id,
        now_ms=now_ms(),
        merchants=wired.merchants,
        events=wired.supplier_events,
        notifications=wired.notifications,
        mailer=wired.mailer,
    )


SENDERS: dict[type[Message], Any] = {
    OrderReady: order_ready,
    StockWarned: stock_warned,
    MoneyMoved: money_moved,
    SupplierWarned: supplier_warned,
}


def send(message: Message) -> None:
    sending = SENDERS[type(message)](message)
    count(COUNTED[sending])
    logger.info("mail", outcome=sending.value)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return in_batches(read_messages(event), send, context)
