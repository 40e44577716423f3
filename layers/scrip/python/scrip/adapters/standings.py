"""Standings of accounts with suppliers, one item each, written on condition that it is as it was
seen.

Standing   pk `<merchant>#standing#<account>`, balance as [amount, currency, at_ms], quotes as a map
           of [amount, currency, available, at_ms], record as [attempts, done, half_ms],
           min_balance_minor, low as [since_ms, told], version
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from scrip.adapters.sealed_secrets import ForAWhile
from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.charge import Quote
from scrip.domain.money import Money
from scrip.domain.standing import Known, Low, Quoted, Record, Standing


class Standings:
    def __init__(self, table: Table, clock: Callable[[], float] = time.monotonic) -> None:
        self.table = table
        self._cache = ForAWhile(self._read, clock)

    def of(self, merchant_id: str, account: str) -> Standing:
        """As it was within the last minute."""
        return self._cache.of(merchant_id, account)

    def of_all(self, merchant_id: str, accounts: Iterable[str]) -> dict[str, Standing]:
        """As they are, by account."""
        chosen = sorted(set(accounts))
        items = self.table.get_many([_key(merchant_id, each) for each in chosen], consistent=True)
        found = {each.account: each for each in map(_standing, items)}
        return {account: found.get(account, Standing(account)) for account in chosen}

    def save(self, merchant_id: str, standing: Standing) -> Standing | None:
        """As it is kept now. None when another run kept something since."""
        kept = replace(standing, version=standing.version + 1)
        item = {**_key(merchant_id, kept.account), **_item(kept)}
        seen = {":seen": standing.version} if standing.version else None
        try:
            self.table.put(
                item,
                condition="version = :seen" if seen else "attribute_not_exists(pk)",
                values=seen,
            )
        except ConditionFailed as error:
            if error.item != item:  # otherwise it was this very write, its answer lost and repeated
                return None
        return kept

    def _read(self, merchant_id: str, account: str) -> Standing:
        item = self.table.get(_key(merchant_id, account))
        return _standing(item) if item else Standing(account)


def _key(merchant_id: str, account: str) -> Item:
    return {"pk": f"{merchant_id}#standing#{account}"}


def _item(standing: Standing) -> Item:
    item: Item = {
        "quotes": {sku: _quoted_item(each) for sku, each in standing.quotes.items()},
        "record": list(standing.record),
        "version": standing.version,
    }
    if standing.balance:
        money, at_ms = standing.balance
        item["balance"] = [money.amount_minor, money.currency, at_ms]
    if standing.min_balance_minor is not None:
        item["min_balance_minor"] = standing.min_balance_minor
    if standing.low:
        item["low"] = list(standing.low)
    return item


def _quoted_item(quoted: Quoted) -> list[Any]:
    cost, available = quoted.quote
    return [cost.amount_minor, cost.currency, available, quoted.at_ms]


def _standing(item: Item) -> Standing:
    return Standing(
        account=item["pk"].rpartition("#")[2],
        balance=_known(*item["balance"]) if "balance" in item else None,
        quotes={
            sku: Quoted(Quote(Money(amount, currency), available), at_ms)
            for sku, (amount, currency, available, at_ms) in item["quotes"].items()
        },
        record=Record(*item["record"]),
        min_balance_minor=item.get("min_balance_minor"),
        low=Low(*item["low"]) if "low" in item else None,
        version=item["version"],
    )


def _known(amount_minor: int, currency: str, at_ms: int) -> Known:
    return Known(Money(amount_minor, currency), at_ms)
