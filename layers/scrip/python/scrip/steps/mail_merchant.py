"""Mail the merchant about an event, once."""

from collections.abc import Callable
from typing import Protocol

from scrip.domain.errors import MailUnderWay, ScripError
from scrip.domain.mail import Mail, Sending
from scrip.domain.merchant import Merchant


class Merchants(Protocol):
    def get(self, merchant_id: str) -> Merchant: ...


class Notifications(Protocol):
    def begin(self, merchant_id: str, order_id: str, kind: str, now_ms: int) -> bool | None: ...
    def sent(self, merchant_id: str, order_id: str, kind: str) -> None: ...
    def failed(self, merchant_id: str, order_id: str, kind: str) -> None: ...


class Mailer(Protocol):
    def send(self, to: str, mail: Mail) -> None: ...


def mail_merchant(
    merchant_id: str,
    event_id: str,
    kind: str,
    write: Callable[[Merchant], Mail],
    *,
    now_ms: int,
    merchants: Merchants,
    notifications: Notifications,
    mailer: Mailer,
) -> Sending:
    """`write` makes the mail. `kind`: of the mark that it was sent. Raises MailRefused,
    MailNotAllowed, MailUnderWay, MerchantUnknown, StoreUnavailable and what `write` raises."""
    merchant = merchants.get(merchant_id)
    if not merchant.notify_email:
        return Sending.NOBODY
    mail = write(merchant)
    match notifications.begin(merchant_id, event_id, kind, now_ms):
        case False:
            return Sending.SENT_BEFORE
        case None:
            raise MailUnderWay(event_id)
    try:
        mailer.send(merchant.notify_email, mail)
    except ScripError:
        notifications.failed(merchant_id, event_id, kind)
        raise
    notifications.sent(merchant_id, event_id, kind)
    return Sending.SENT
