"""Every value that KMS wrapped, wherever it lies: to wrap each of them anew.

Merchants' keys and the secrets of their gateways and suppliers lie in the merchants table, those of
resellers with their accounts, data keys (and the marks in place of those that were shredded) with
their batches in the stock table. Until it ends, the import of a file has its batch's key in the
imports table. Codes that suppliers sold have a data key each, in a table of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from scrip.adapters.bought_codes import context_of_unit, unit_of_item
from scrip.adapters.keys import Context, Keys, context_of
from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.adapters.vault import SHREDDED


@dataclass(frozen=True, slots=True)
class Wrapped:
    """`attribute` of an item holds `prefix` and then `blob`, which opens under `context`."""

    table: Table
    key: Item
    attribute: str
    context: Context
    blob: bytes
    wrapped_at_ms: int
    prefix: bytes = b""

    @property
    def name(self) -> str:
        """Tells a person which one it is."""
        return " ".join(self.context.values())


class WrappedValues:
    def __init__(
        self,
        merchants: Table,
        resellers: Table,
        imports: Table,
        stock: Table,
        bought: Table,
        keys: Keys,
    ) -> None:
        self.merchants = merchants
        self.resellers = resellers
        self.imports = imports
        self.stock = stock
        self.bought = bought
        self.keys = keys

    def all(self) -> Iterator[Wrapped]:
        """Scans: nothing lists all batches, and nobody else needs it. Imports come before stock,
        as their keys go there."""
        of_merchants = self.merchants.scan(
            "attribute_type(sealed, :binary) OR attribute_type(order_key, :binary)",
            {":binary": "B"},
        )
        for item in of_merchants:
            yield self._of_merchant(item)
        for item in self.resellers.scan("attribute_type(sealed, :binary)", {":binary": "B"}):
            yield self._of_reseller(item)
        for item in self.imports.scan("attribute_type(sealed_key, :binary)", {":binary": "B"}):
            yield self._of_import(item)
        for item in self.stock.scan("contains(pk, :batch)", {":batch": "#batch#"}):
            # Others are of a variant that is called batch, or hold units without codes.
            if item.get("sealed_key"):
                yield self._of_batch(item)
        for item in self.bought.scan("attribute_type(sealed_key, :binary)", {":binary": "B"}):
            yield self._of_bought(item)

    def renew(self, old: Wrapped, at_ms: int) -> bool:
        """Wrap it anew under the current key. False when somebody changed it since it was read:
        then it is new, or shredded, and stays. Raises SealBroken."""
        new = self.keys.rewrap(old.blob, old.context)
        try:
            old.table.update(
                old.key,
                "SET #value = :new, rewrapped_at_ms = :at",
                condition="#value = :seen",
                names={"#value": old.attribute},
                values={
                    ":new": old.prefix + new,
                    ":seen": old.prefix + old.blob,
                    ":at": at_ms,
                },
            )
        except ConditionFailed:
            return False
        return True

    def _of_merchant(self, item: Item) -> Wrapped:
        key = {"pk": item["pk"], "sk": item["sk"]}
        attribute = "order_key" if "order_key" in item else "sealed"
        context = _context_of_merchants(**key)
        return Wrapped(self.merchants, key, attribute, context, item[attribute], _since(item))

    def _of_reseller(self, item: Item) -> Wrapped:
        return Wrapped(
            table=self.resellers,
            key={"pk": item["pk"], "sk": item["sk"]},
            attribute="sealed",
            context=context_of("reseller", item["pk"], reseller=item["sk"]),
            blob=item["sealed"],
            wrapped_at_ms=_since(item),
        )

    def _of_import(self, item: Item) -> Wrapped:
        return Wrapped(
            table=self.imports,
            key={"pk": item["pk"], "sk": item["sk"]},
            attribute="sealed_key",
            context=context_of(
                "codes", item["pk"], variant=item["variant_id"], batch=item["batch_id"]
            ),
            blob=item["sealed_key"],
            wrapped_at_ms=_since(item),
        )

    def _of_batch(self, item: Item) -> Wrapped:
        merchant_id, variant_id, _, batch_id = item["pk"].split("#")
        blob: bytes = item["sealed_key"]
        prefix = SHREDDED if blob.startswith(SHREDDED) else b""
        purpose = "shredded" if prefix else "codes"
        return Wrapped(
            table=self.stock,
            key={"pk": item["pk"]},
            attribute="sealed_key",
            context=context_of(purpose, merchant_id, variant=variant_id, batch=batch_id),
            blob=blob.removeprefix(prefix),
            wrapped_at_ms=_since(item),
            prefix=prefix,
        )

    def _of_bought(self, item: Item) -> Wrapped:
        return Wrapped(
            table=self.bought,
            key={"pk": item["pk"]},
            attribute="sealed_key",
            context=context_of_unit(unit_of_item(item)),
            blob=item["sealed_key"],
            wrapped_at_ms=_since(item, made="kept_at_ms"),
        )


def _context_of_merchants(pk: str, sk: str) -> Context:
    kind, _, name = sk.partition("#")
    match kind:
        case "merchant":
            return context_of("order-token", pk)
        case "gateway" | "former-gateway":
            return context_of("gateway", pk, provider=name)
        case "supplier":
            return context_of("supplier", pk, account=name)
        case "licence-key":
            return context_of("licence", pk, key=str(int(name)))
    return context_of(kind.removesuffix("-key"), pk)


def _since(item: Item, made: str = "created_at_ms") -> int:
    """When it was wrapped, as far as its item tells: 0 for unknown, so that it is wrapped anew."""
    found: int = item.get("rewrapped_at_ms") or item.get(made, 0)
    return found
