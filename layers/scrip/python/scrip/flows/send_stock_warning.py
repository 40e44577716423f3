"""Tell a merchant by mail of an event about its stock."""

from typing import Protocol

from scrip.domain.errors import MailUnderWay, ScripError
from scrip.domain.mail import Mail, Sending, stock_warning_mail
from scrip.domain.merchant import Merchant
from scrip.domain.stock_warning import StockWarning

KIND = "stock-mail"


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class Events(Protocol):
    def find(self, merchant_id: str, event_id: str) -> StockWarning: ...


class Notifications(Protocol):
    def begin(self, merchant_id: str, order_id: str, kind: str, now_ms: int) -> bool | None: ...
    def sent(self, merchant_id: str, order_id: str, kind: str) -> None: ...
    def failed(self, merchant_id: str, order_id: str, kind: str) -> None: ...


class Mailer(Protocol):
    def send(self, to: str, mail: Mail) -> None: ...


def send_stock_warning(
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
    merchant = merchants.get(merchant_id)
    if not merchant.notify_email:
        return Sending.NOBODY
    warning = events.find(merchant_id, event_id)
    match notifications.begin(merchant_id, event_id, KIND, now_ms):
        case False:
            return Sending.SENT_BEFORE
        case None:
            raise MailUnderWay(event_id)
    try:
        mail = stock_warning_mail(locale=merchant.locale, shop=merchant.name, warning=warning)
        mailer.send(merchant.notify_email, mail)
    except ScripError:
        notifications.failed(merchant_id, event_id, KIND)
        raise
    notifications.sent(merchant_id, event_id, KIND)
    return Sending.SENT
