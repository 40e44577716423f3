"""Tell a merchant by mail of an event about money."""

from typing import Protocol

from scrip.domain.mail import Mail, Sending
from scrip.domain.merchant import Merchant
from scrip.domain.money_event import MoneyEvent
from scrip.domain.money_mail import money_mail
from scrip.steps.mail_merchant import Mailer, Merchants, Notifications, mail_merchant

KIND = "money-mail"


class Events(Protocol):
    def find(self, merchant_id: str, event_id: str) -> MoneyEvent: ...


def send_money_notice(
    merchant_id: str,
    event_id: str,
    *,
    now_ms: int,
    merchants: Merchants,
    events: Events,
    notifications: Notifications,
    mailer: Mailer,
) -> Sending:
    """Raises EventUnknown, MailRefused, MailNotAllowed, MailUnderWay, MerchantUnknown,
    StoreUnavailable."""

    def write(merchant: Merchant) -> Mail:
        event = events.find(merchant_id, event_id)
        return money_mail(locale=merchant.locale, shop=merchant.name, event=event)

    return mail_merchant(
        merchant_id,
        event_id,
        KIND,
        write,
        now_ms=now_ms,
        merchants=merchants,
        notifications=notifications,
        mailer=mailer,
    )
