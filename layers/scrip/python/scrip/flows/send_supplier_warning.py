"""Tell a merchant by mail of an event about its suppliers."""

from typing import Protocol

from scrip.domain.mail import Mail, Sending
from scrip.domain.merchant import Merchant
from scrip.domain.supplier_mail import supplier_mail
from scrip.domain.supplier_warning import SupplierWarning
from scrip.steps.mail_merchant import Mailer, Merchants, Notifications, mail_merchant

KIND = "supplier-mail"


class Events(Protocol):
    def find(self, merchant_id: str, event_id: str) -> SupplierWarning: ...


def send_supplier_warning(
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
        warning = events.find(merchant_id, event_id)
        return supplier_mail(locale=merchant.locale, shop=merchant.name, warning=warning)

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
