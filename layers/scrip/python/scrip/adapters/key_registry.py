"""Generated keys that were shown, and the devices that use them.

Key    pk `<merchant>#key#<mark>`, sold_as, product_id, variant_id, until_ms, seats: map of devices'
       marks to label and time. Put once, when the key is first shown; from then on only seats move.

Seats move by one conditional write each, so the limit holds however many ask at once.
"""

from scrip.adapters.tables import ConditionFailed, Item, Table
from scrip.domain.activation import KeyRecord, Seat


class KeyRegistry:
    def __init__(self, table: Table) -> None:
        self.table = table

    def register(self, merchant_id: str, record: KeyRecord) -> bool:
        """Whether the key is this unit's: put now or before. False: another unit's."""
        item = {
            **_key(merchant_id, record.mark),
            "sold_as": record.sold_as,
            "product_id": record.product_id,
            "variant_id": record.variant_id,
            "until_ms": record.until_ms,
            "seats": {},
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as error:
            if error.item is None:
                raise
            return bool(error.item["sold_as"] == record.sold_as)
        return True

    def find(self, merchant_id: str, mark: str) -> KeyRecord | None:
        item = self.table.get(_key(merchant_id, mark), consistent=True)
        return _record(item) if item else None

    def take_seat(
        self, merchant_id: str, mark: str, product_id: str, device: str, seat: Seat, limit: int
    ) -> KeyRecord | None:
        """The key with the device on it, or the key as it stands where nothing may be added: it is
        of another product, has ended, or is full (of this device, too). None if there is none."""
        try:
            item = self.table.update(
                _key(merchant_id, mark),
                "SET seats.#device = if_not_exists(seats.#device, :seat)",
                condition=(
                    "product_id = :product AND (until_ms = :never OR until_ms > :now)"
                    " AND size(seats) < :limit"
                ),
                names={"#device": device},
                values={
                    ":seat": [seat.label, seat.since_ms],
                    ":product": product_id,
                    ":never": 0,
                    ":now": seat.since_ms,
                    ":limit": limit,
                },
                returns="ALL_NEW",
            )
        except ConditionFailed as error:
            return _record(error.item) if error.item else None
        return _record(item)

    def leave_seat(
        self, merchant_id: str, mark: str, product_id: str, device: str
    ) -> KeyRecord | None:
        """The key without the device on it, None if there is no such key of the product."""
        try:
            item = self.table.update(
                _key(merchant_id, mark),
                "REMOVE seats.#device",
                condition="product_id = :product",
                names={"#device": device},
                values={":product": product_id},
                returns="ALL_NEW",
            )
        except ConditionFailed:
            return None
        return _record(item)

    def free_seats(self, merchant_id: str, mark: str) -> KeyRecord:
        """The key without any device on it. It must be there: keys are never taken away."""
        item = self.table.update(
            _key(merchant_id, mark),
            "SET seats = :none",
            condition="attribute_exists(pk)",
            values={":none": {}},
            returns="ALL_NEW",
        )
        return _record(item)


def _key(merchant_id: str, mark: str) -> Item:
    return {"pk": f"{merchant_id}#key#{mark}"}


def _record(item: Item) -> KeyRecord:
    return KeyRecord(
        mark=item["pk"].rpartition("#")[2],
        product_id=item["product_id"],
        variant_id=item["variant_id"],
        sold_as=item["sold_as"],
        until_ms=item["until_ms"],
        seats={device: Seat(*seat) for device, seat in item["seats"].items()},
    )
