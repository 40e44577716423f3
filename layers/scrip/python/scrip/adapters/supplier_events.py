"""Events about suppliers, as the merchant's own systems will be told them: kept under
`supplier-event`."""

from scrip.adapters.kept_events import KeptEvents
from scrip.adapters.tables import Table
from scrip.contracts.messages import SupplierEvent, SupplierFacts
from scrip.domain.money import Money
from scrip.domain.route import Barred
from scrip.domain.supplier_warning import SupplierAbout, SupplierWarning


class SupplierEvents:
    def __init__(self, table: Table) -> None:
        self.kept = KeptEvents(table, "supplier-event")

    def record(self, warning: SupplierWarning) -> None:
        """Once: what was recorded under its id before stays."""
        self.kept.record(_event(warning))

    def find(self, merchant_id: str, event_id: str) -> SupplierWarning:
        """Raises EventUnknown."""
        return _warning(self.kept.find(merchant_id, event_id, SupplierEvent))


def _event(warning: SupplierWarning) -> SupplierEvent:
    balance = warning.balance
    facts = SupplierFacts(
        supplier=warning.account or None,
        balance_minor=balance.amount_minor if balance else None,
        currency=balance.currency if balance else None,
        variant_id=warning.variant_id or None,
        title=warning.title or None,
        why=[each.value for each in warning.why],
    )
    kind = warning.about.value
    return SupplierEvent(warning.event_id, kind, warning.merchant_id, warning.at_ms, facts)


def _warning(event: SupplierEvent) -> SupplierWarning:
    facts = event.data
    known = facts.balance_minor is not None and facts.currency is not None
    return SupplierWarning(
        merchant_id=event.merchant_id,
        event_id=event.event_id,
        about=SupplierAbout(event.type),
        at_ms=event.at_ms,
        account=facts.supplier or "",
        balance=Money(facts.balance_minor or 0, facts.currency or "") if known else None,
        variant_id=facts.variant_id or "",
        title=facts.title or "",
        why=tuple(map(Barred, facts.why)),
    )
