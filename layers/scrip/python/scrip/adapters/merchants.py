"""Merchants, their API keys, the sealed secrets of their gateways and of their accounts with
suppliers: one partition a merchant."""

from collections.abc import Iterator
from dataclasses import asdict

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.api_key import ApiKey, Scope
from scrip.domain.errors import (
    KeyUnknown,
    MerchantExists,
    MerchantUnknown,
    RequestInvalid,
    SupplierUnknown,
)
from scrip.domain.merchant import Merchant
from scrip.domain.outcome import Action, Case
from scrip.domain.reveal_watch import DEFAULT_LIMIT
from scrip.domain.supplier_terms import Account, Limits

MERCHANT = "merchant"


class Merchants:
    def __init__(self, table: Table) -> None:
        self.table = table

    def create(self, merchant: Merchant) -> None:
        """Raises MerchantExists."""
        item = {
            "pk": merchant.merchant_id,
            "sk": MERCHANT,
            "name": merchant.name,
            "order_url": merchant.order_url,
            "locale": merchant.locale,
            "mail_codes": merchant.mail_codes,
            "order_key": merchant.sealed_order_key,
            "created_at_ms": merchant.created_at_ms,
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item != item:  # otherwise it was this very write, its answer lost and repeated
                raise MerchantExists(merchant.merchant_id) from error

    def get(self, merchant_id: str) -> Merchant:
        """Raises MerchantUnknown."""
        item = self.table.get({"pk": merchant_id, "sk": MERCHANT})
        if item is None:
            raise MerchantUnknown(merchant_id)
        return _merchant(item)

    def change(self, merchant_id: str, **chosen: str | int | dict[str, str]) -> None:
        """Set these of what a merchant chose, all at once. Raises MerchantUnknown."""
        try:
            self.table.update(
                {"pk": merchant_id, "sk": MERCHANT},
                "SET " + ", ".join(f"{name} = :{name}" for name in chosen),
                condition="attribute_exists(pk)",
                values={f":{name}": value for name, value in chosen.items()},
            )
        except ConditionFailed as error:
            raise MerchantUnknown(merchant_id) from error

    def ids(self) -> Iterator[str]:
        """Every merchant of the deployment. A scan: merchants and keys are few, it costs less
        than an index that every write would pay for."""
        for item in self.table.scan("sk = :sk", {":sk": MERCHANT}):
            yield item["pk"]

    def with_suppliers(self) -> list[str]:
        """Every merchant that has an account with a supplier. A scan, as for `ids`."""
        found = self.table.scan("begins_with(sk, :sk)", {":sk": _supplier_sk("")})
        return sorted({item["pk"] for item in found})

    def add_key(self, key: ApiKey) -> None:
        item = {
            "pk": key.merchant_id,
            "sk": _key_sk(key.key_id),
            "scope": key.scope.value,
            "label": key.label,
            "secret_hash": key.secret_hash,
            "created_at_ms": key.created_at_ms,
            "issued_by": key.issued_by,
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item != item:  # otherwise it was this very write, its answer lost and repeated
                raise

    def find_key(self, merchant_id: str, key_id: str) -> ApiKey | None:
        item = self.table.get({"pk": merchant_id, "sk": _key_sk(key_id)})
        return _api_key(item) if item else None

    def keys(self, merchant_id: str) -> list[ApiKey]:
        items = self.table.query(
            "pk = :pk AND begins_with(sk, :sk)", {":pk": merchant_id, ":sk": _key_sk("")}
        )
        return [_api_key(item) for item in items]

    def remove_key(self, merchant_id: str, key_id: str) -> ApiKey:
        """Raises KeyUnknown."""
        gone = self.table.delete({"pk": merchant_id, "sk": _key_sk(key_id)})
        if gone is None:
            raise KeyUnknown(key_id)
        return _api_key(gone)

    def put_gateway(
        self, merchant_id: str, provider: str, sealed: bytes, *, former: bool = False
    ) -> None:
        self.table.put({"pk": merchant_id, "sk": _gateway_sk(provider, former), "sealed": sealed})

    def swap_gateway(self, merchant_id: str, provider: str, old: bytes, new: bytes) -> bool:
        """False, and they stay, if these are not the secrets that are set by now."""
        try:
            self.table.update(
                {"pk": merchant_id, "sk": _gateway_sk(provider, former=False)},
                "SET sealed = :new",
                condition="sealed = :old",
                values={":old": old, ":new": new},
            )
        except ConditionFailed:
            return False
        return True

    def sealed_gateway(
        self, merchant_id: str, provider: str, *, former: bool = False
    ) -> bytes | None:
        """`former`: those that were set before."""
        item = self.table.get({"pk": merchant_id, "sk": _gateway_sk(provider, former)})
        return item["sealed"] if item else None

    def put_supplier(self, merchant_id: str, account: str, kind: str, sealed: bytes) -> None:
        """The limits of one that is there stay. Raises RequestInvalid for one of another kind:
        its open attempts would be asked about where nobody knows them."""
        try:
            self.table.update(
                {"pk": merchant_id, "sk": _supplier_sk(account)},
                "SET sealed = :sealed, kind = :kind",
                condition="attribute_not_exists(pk) OR kind = :kind",
                values={":sealed": sealed, ":kind": kind},
            )
        except ConditionFailed as error:
            raise RequestInvalid(f"{account} is of another kind: choose another name") from error

    def limit_supplier(self, merchant_id: str, account: str, limits: Limits) -> None:
        """Raises SupplierUnknown."""
        try:
            self.table.update(
                {"pk": merchant_id, "sk": _supplier_sk(account)},
                "SET limits = :limits",
                condition="attribute_exists(pk)",
                values={":limits": asdict(limits)},
            )
        except ConditionFailed as error:
            raise SupplierUnknown(account) from error

    def supplier(self, merchant_id: str, account: str) -> Account:
        """Raises SupplierUnknown."""
        item = self.table.get({"pk": merchant_id, "sk": _supplier_sk(account)})
        if item is None:
            raise SupplierUnknown(account)
        return _account(item)

    def suppliers(self, merchant_id: str) -> list[Account]:
        items = self.table.query(
            "pk = :pk AND begins_with(sk, :sk)", {":pk": merchant_id, ":sk": _supplier_sk("")}
        )
        return [_account(item) for item in items]


def _supplier_sk(account: str) -> str:
    return f"supplier#{account}"


def _account(item: Item) -> Account:
    name = item["sk"].removeprefix(_supplier_sk(""))
    return Account(name, item["kind"], item["sealed"], Limits(**item.get("limits", {})))


def _gateway_sk(provider: str, former: bool) -> str:
    return f"{'former-' if former else ''}gateway#{provider}"


def _key_sk(key_id: str) -> str:
    return f"key#{key_id}"


def _merchant(item: Item) -> Merchant:
    return Merchant(
        merchant_id=item["pk"],
        name=item["name"],
        order_url=item["order_url"],
        locale=item["locale"],
        mail_codes=item["mail_codes"],
        sealed_order_key=item["order_key"],
        created_at_ms=item["created_at_ms"],
        reveal_limit=item.get("reveal_limit", DEFAULT_LIMIT),
        notify_email=item.get("notify_email", ""),
        payment_policy={
            Case(case): Action(action) for case, action in item.get("payment_policy", {}).items()
        },
        on_reversal=Action(item.get("on_reversal", Action.HOLD.value)),
    )


def _api_key(item: Item) -> ApiKey:
    return ApiKey(
        merchant_id=item["pk"],
        key_id=item["sk"].removeprefix(_key_sk("")),
        scope=Scope(item["scope"]),
        label=item["label"],
        secret_hash=item["secret_hash"],
        created_at_ms=item["created_at_ms"],
        issued_by=item.get("issued_by", ""),
    )
