"""The book of a reseller: each movement of its balance, written once together with what it does.

Entry      pk `<merchant>#<reseller>`, sk the entry's id, placed: when, and its id, to be listed by

One transaction puts the entry, on condition that there is none of its id, and changes the balance,
on condition that there is enough. So the entries always come to the balance, and saying the same
again changes nothing.
"""

import time
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from scrip.adapters.aws import BUSY_REASONS, ask, code_of
from scrip.adapters.resellers import account_key, reseller_of
from scrip.adapters.tables import Item, Table, encode_item
from scrip.domain.errors import StoreUnavailable
from scrip.domain.resale_refusals import BalanceInsufficient, ResellerUnknown
from scrip.domain.reseller import Entry, Movement, Reseller

BY_TIME = "by_time"
TRIES = 10
PAUSE_SECONDS = 0.02
"""After the first try that met another; each is longer by as much. In all less than a second and a
half: movements of one balance come one after the other, some hundred in a second."""

FAILED = "ConditionalCheckFailed"

Action = dict[str, Any]


class Book:
    def __init__(self, table: Table) -> None:
        self.table = table

    def write(self, entry: Entry, *beside: Action) -> bool:
        """Write an entry and what it does to the balance; `beside`: writes of the same transaction.
        False, and nothing is written, if it stands there, or if a condition of those does not hold.

        Raises BalanceInsufficient, ResellerUnknown, StoreUnavailable.
        """
        for tried in range(TRIES):
            try:
                reasons = self._write(entry, self.account(entry), beside)
            except BalanceInsufficient:
                if self.find(entry) is None:
                    raise
                return False
            if not reasons:
                return True
            if FAILED in reasons[1:]:
                return False
            # The balance or the credit moved since they were looked at, or another was at it.
            time.sleep(PAUSE_SECONDS * (tried + 1))
        raise StoreUnavailable("TransactionConflict")

    def find(self, entry: Entry) -> Entry | None:
        """The entry of the same id, as it was written."""
        item = self.table.get(_key(entry), consistent=True)
        return _entry(item) if item else None

    def entries(
        self, merchant_id: str, reseller_id: str, since_ms: int, until_ms: int
    ) -> Sequence[Entry]:
        """Those of this time, oldest first; the newest of a moment ago may be missing."""
        found = self.table.query(
            "pk = :pk AND placed BETWEEN :since AND :until",
            {
                ":pk": _pk(merchant_id, reseller_id),
                ":since": f"{since_ms:013d}",
                ":until": f"{until_ms:013d}",
            },
            index=BY_TIME,
        )
        return [_entry(item) for item in found]

    def total_minor(self, merchant_id: str, reseller_id: str) -> int:
        """What all entries come to."""
        pk = {":pk": _pk(merchant_id, reseller_id)}
        return sum(
            item["amount_minor"] for item in self.table.query("pk = :pk", pk, consistent=True)
        )

    def account(self, entry: Entry) -> Reseller:
        """Raises ResellerUnknown."""
        key = account_key(entry.merchant_id, entry.reseller_id)
        item = self.table.get(key, consistent=True)
        if item is None:
            raise ResellerUnknown(entry.reseller_id)
        return reseller_of(item)

    def _write(self, entry: Entry, account: Reseller, beside: Sequence[Action]) -> list[str]:
        """Why nothing was written, in the order of what was to be: the balance, the entry, what
        is beside. Raises BalanceInsufficient, StoreUnavailable."""
        account.after(entry.amount_minor)
        moved: Action = {
            "TableName": self.table.name,
            "Key": encode_item(account_key(entry.merchant_id, entry.reseller_id)),
            "UpdateExpression": "SET balance_minor = balance_minor + :amount",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": {":amount": entry.amount_minor},
        }
        if entry.amount_minor < 0:
            moved["ConditionExpression"] = "credit_minor = :credit AND balance_minor >= :least"
            least = -entry.amount_minor - account.credit_minor
            moved["ExpressionAttributeValues"] |= {":credit": account.credit_minor, ":least": least}
        moved["ExpressionAttributeValues"] = encode_item(moved["ExpressionAttributeValues"])
        put = {
            "TableName": self.table.name,
            "Item": encode_item(_item(entry)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        try:
            actions = [{"Update": moved}, {"Put": put}, *beside]
            ask(self.table.client.transact_write_items, TransactItems=actions)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            told = error.response.get("CancellationReasons", ())
            reasons = [each.get("Code", "") for each in told]
            if not {*reasons} & {FAILED, *BUSY_REASONS}:
                raise
            return reasons
        return []


def _pk(merchant_id: str, reseller_id: str) -> str:
    return f"{merchant_id}#{reseller_id}"


def _key(entry: Entry) -> Item:
    return {"pk": _pk(entry.merchant_id, entry.reseller_id), "sk": entry.entry_id}


def _item(entry: Entry) -> Item:
    return {
        **_key(entry),
        "placed": f"{entry.at_ms:013d}#{entry.entry_id}",
        "amount_minor": entry.amount_minor,
        "about": entry.about,
    }


def _entry(item: Item) -> Entry:
    merchant_id, reseller_id = item["pk"].split("#")
    movement, _, key = item["sk"].partition("#")
    at_ms = int(item["placed"].partition("#")[0])
    amount = item["amount_minor"]
    return Entry(merchant_id, reseller_id, Movement(movement), key, amount, at_ms, item["about"])
