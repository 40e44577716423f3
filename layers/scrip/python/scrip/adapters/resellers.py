"""Resellers of merchants: who they are, their prices, their sealed secrets, their balance.

Account    pk merchant, sk reseller

The balance is moved by `adapters/reseller_book.py` alone, together with the entry that says why.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from scrip.adapters.gateways.standard_signing import HEADERS as SIGNED
from scrip.adapters.gateways.standard_signing import PREFIX, verify
from scrip.adapters.keys import Keys, context_of
from scrip.adapters.sealed_secrets import seal, unseal
from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.resale_refusals import ResellerExists, ResellerUnknown
from scrip.domain.reseller import Reseller, Standing

HEADERS = ("scrip-timestamp", "scrip-signature")
"""Of a reseller's request."""


class ResellerSecrets(msgspec.Struct, frozen=True):
    """The newest first; both sign and are believed."""

    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return "ResellerSecrets(...)"


class Resellers:
    def __init__(self, table: Table, keys: Keys) -> None:
        self.table = table
        self.keys = keys

    def sealed(self, merchant_id: str, reseller_id: str, *secrets: str) -> bytes:
        """As they are kept."""
        if not all(each.startswith(PREFIX) for each in secrets):
            raise ValueError("not secrets of ours")
        return seal(self.keys, ResellerSecrets(secrets), _context(merchant_id, reseller_id))

    def secrets(self, reseller: Reseller) -> tuple[str, ...]:
        """Raises SealBroken."""
        context = _context(reseller.merchant_id, reseller.reseller_id)
        opened: ResellerSecrets = unseal(self.keys, reseller.sealed, context, ResellerSecrets)
        return opened.secrets

    def verify(
        self,
        reseller: Reseller,
        request: str,
        raw: bytes,
        headers: Mapping[str, str],
        now_seconds: int,
    ) -> None:
        """Whether the reseller signed this `request` (its method and path) with this body. It is
        the signature of Standard Webhooks, with the request in the place of a message's id.

        Raises SignatureMissing, SignatureInvalid, SignatureExpired, SealBroken.
        """
        given = (request, *(headers.get(name, "") for name in HEADERS))
        said = dict(zip(SIGNED, given, strict=True))
        verify(raw, said, self.secrets(reseller), now_seconds)

    def create(self, reseller: Reseller) -> None:
        """Raises ResellerExists."""
        try:
            self.table.put(_item(reseller), condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item != _item(reseller):  # else this very write, its answer lost and repeated
                raise ResellerExists(reseller.reseller_id) from error

    def get(self, merchant_id: str, reseller_id: str, *, consistent: bool = False) -> Reseller:
        """Raises ResellerUnknown."""
        item = self.table.get(account_key(merchant_id, reseller_id), consistent=consistent)
        if item is None:
            raise ResellerUnknown(reseller_id)
        return reseller_of(item)

    def of(self, merchant_id: str) -> list[Reseller]:
        """All that the merchant has."""
        found = self.table.query("pk = :pk", {":pk": merchant_id}, consistent=True)
        return [reseller_of(item) for item in found]

    def change(self, merchant_id: str, reseller_id: str, chosen: Mapping[str, Any]) -> None:
        """Set these of what a merchant chose, all at once. Raises ResellerUnknown."""
        self._update(
            merchant_id,
            reseller_id,
            "SET " + ", ".join(f"#{name} = :{name}" for name in chosen),
            {f"#{name}": name for name in chosen},
            {f":{name}": value for name, value in chosen.items()},
        )

    def set_price(
        self, merchant_id: str, reseller_id: str, variant_id: str, price_minor: int | None
    ) -> None:
        """None: the variant has no price of its own any more. Raises ResellerUnknown."""
        change = "REMOVE prices.#variant" if price_minor is None else "SET prices.#variant = :price"
        values = {} if price_minor is None else {":price": price_minor}
        self._update(merchant_id, reseller_id, change, {"#variant": variant_id}, values)

    def swap_secrets(self, reseller: Reseller, sealed: bytes) -> bool:
        """False, and they stay, if others were set since."""
        try:
            self.table.update(
                account_key(reseller.merchant_id, reseller.reseller_id),
                "SET sealed = :new",
                condition="sealed = :old",
                values={":old": reseller.sealed, ":new": sealed},
            )
        except ConditionFailed:
            return False
        return True

    def _update(
        self,
        merchant_id: str,
        reseller_id: str,
        change: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> None:
        key = account_key(merchant_id, reseller_id)
        try:
            self.table.update(
                key, change, names=names, values=values, condition="attribute_exists(pk)"
            )
        except ConditionFailed as error:
            raise ResellerUnknown(reseller_id) from error


def account_key(merchant_id: str, reseller_id: str) -> Item:
    return {"pk": merchant_id, "sk": reseller_id}


def reseller_of(item: Item) -> Reseller:
    return Reseller(
        merchant_id=item["pk"],
        reseller_id=item["sk"],
        name=item["name"],
        currency=item["currency"],
        created_at_ms=item["created_at_ms"],
        sealed=item["sealed"],
        balance_minor=item["balance_minor"],
        credit_minor=item["credit_minor"],
        standing=Standing(item["standing"]),
        discount_bp=item["discount_bp"],
        prices=item["prices"],
        callback_url=item["callback_url"],
    )


def _item(reseller: Reseller) -> Item:
    return {
        **account_key(reseller.merchant_id, reseller.reseller_id),
        "name": reseller.name,
        "currency": reseller.currency,
        "created_at_ms": reseller.created_at_ms,
        "sealed": reseller.sealed,
        "balance_minor": reseller.balance_minor,
        "credit_minor": reseller.credit_minor,
        "standing": reseller.standing.value,
        "discount_bp": reseller.discount_bp,
        "prices": dict(reseller.prices),
        "callback_url": reseller.callback_url,
    }


def _context(merchant_id: str, reseller_id: str) -> dict[str, str]:
    return context_of("reseller", merchant_id, reseller=reseller_id)
