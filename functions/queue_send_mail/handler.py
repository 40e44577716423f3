"""Tell buyers by mail that their orders are ready."""

from typing import Any

from scrip.batching import in_batches
from scrip.chance import now_ms, random_id
from scrip.contracts.messages import OrderReady, read_messages
from scrip.flows.send_mail import Sending, send_mail
from scrip.telemetry import count, logger
from scrip.wiring import mail

mail.warm()


def send(message: OrderReady) -> None:
    wired = mail.mail()
    sending = send_mail(
        message.merchant_id,
        message.order_id,
        now_ms=now_ms(),
        event_id=random_id(8),
        token_days=wired.settings.order_token_days,
        merchants=wired.merchants,
        order_keys=wired.order_keys,
        orders=wired.orders,
        notifications=wired.notifications,
        audit=wired.audit,
        codes=wired.codes,
        mailer=wired.mailer,
    )
    count("MailSent" if sending is Sending.SENT else "MailSentBefore")
    logger.info("mail", outcome=sending.value)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return in_batches(read_messages(event), send, context)
