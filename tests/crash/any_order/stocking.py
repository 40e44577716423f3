"""Stock comes in, and time goes by over it."""

from datetime import UTC, datetime
from typing import Any

from tests.crash.any_order.machine import CODES, COUNTED, MINUTE_MS, ON_SALE, Lot, Machine, Selling
from tests.crash.import_cases import job, told

HEADER_ROWS = 1


class Stocking(Machine):
    def open(self) -> None:
        """Each variant is sold in its own way, and has some stock."""
        made = {"kind": "generated_key", "generated": {"pattern": {}}, "supply": "counted"}
        for variant in (*CODES, COUNTED):
            selling = Selling(self.luck.random() < 0.5, self.luck.random() < 0.5)
            self.selling[variant] = selling
            self.told.append(f"{variant}: {selling}")
            hold = {"hold_minutes": 10} if selling.hold else {}
            counted: dict[str, Any] = made if variant == COUNTED else {}
            self.world.shop.put_variant(variant, partial=selling.partial, **hold, **counted)
            if variant == COUNTED:
                self.add_units()
            else:
                self.import_codes(variant)

    def import_codes(self, variant: str = "") -> None:
        variant = variant or self.luck.choice(CODES)
        known = self.world.imported.get(variant, [])[: self.luck.randint(0, 2)]
        rows = [*known, *self.world.new_codes(variant, self.luck.randint(3, 12))]
        key = self.key()
        reply = self.ask(
            lambda: self.world.shop.import_codes(variant, rows, idempotency_key=key),
            repeatable=True,
        )
        texts = {index: text for index, text in enumerate(rows) if text not in known}
        self._arrived(Lot(variant, reply.json["batch_id"], texts))

    def import_file(self) -> None:
        """Its codes end together, or at times of their own, or never."""
        variant, now_ms = self.luck.choice(CODES), self.world.clock.at_ms // 1000 * 1000
        codes = self.world.new_codes(variant, self.luck.randint(3, 8))
        day = self.luck.randint(1, 40)
        ends = self.luck.choices([0, day, day, self.minutes()], k=len(codes))
        ends_ms = [minutes and now_ms + minutes * MINUTE_MS for minutes in ends]
        rows = ["code,valid_until", *map(_row, codes, ends_ms)]
        reply = self.world.shop.call(
            "POST",
            f"/v1/merchant/variants/{variant}/imports",
            {"file_name": "codes.csv"},
            key="operator",
            headers={"idempotency-key": self.key()},
        )
        opened = reply.json
        name = opened["upload"]["fields"]["key"]
        self.world.put_objects({**self.world.objects(), name: "\n".join(rows).encode()})
        self.until_done(lambda: told(self.world, opened))
        numbers = range(1 + HEADER_ROWS, 1 + HEADER_ROWS + len(codes))
        texts = dict(zip(numbers, codes, strict=True))
        until_ms = dict(zip(numbers, ends_ms, strict=True))
        self._arrived(Lot(variant, job(self.world, opened)["batch_id"], texts, until_ms))

    def add_units(self) -> None:
        key, units = self.key(), self.luck.randint(3, 12)
        reply = self.ask(
            lambda: self.world.shop.add_units(COUNTED, units, idempotency_key=key),
            repeatable=True,
        )
        texts = dict.fromkeys(range(units), "unit")
        self._arrived(Lot(COUNTED, reply.json["batch_id"], texts))

    def _arrived(self, lot: Lot) -> None:
        self.lots[lot.batch_id] = lot
        self.world.imported.setdefault(lot.variant, []).extend(lot.texts.values())
        self.moved({code: self.unsold(code) for code in lot.codes})

    def minutes(self) -> int:
        return self.luck.choice((self.luck.randint(1, 40), self.luck.randint(40, 26 * 60)))

    def time_goes_by(self) -> None:
        self.world.clock.advance(self.minutes())
        self.moved({code: self.unsold(code) for code, at in self.where.items() if at == ON_SALE})

    def watch(self) -> None:
        self.until_done(self.world.watch)
        self.moved()

    def look(self) -> None:
        """At a batch and at all stock of its variant."""
        lot = self.luck.choice([*self.lots.values()])
        path = f"/v1/merchant/variants/{lot.variant}/stock"
        stock = self.ask(lambda: self.world.shop.call("GET", path, key="operator")).json
        lots = [each for each in self.lots.values() if each.variant == lot.variant]
        assert stock["available"] == self.free(lot.variant)
        assert stock["imported"] == sum(len(each.texts) for each in lots)
        batch = self.ask(lambda: self.world.shop.read_batch(lot.variant, lot.batch_id)).json
        places = [self.where[code] for code in lot.codes]
        if not lot.recalled:
            assert batch["on_sale"] == places.count(ON_SALE)
            assert batch["sold"] == sum(bool(place.owner) for place in places)
        self.moved()


def _row(code: str, until_ms: int) -> str:
    if not until_ms:
        return f"{code},"
    return f"{code},{datetime.fromtimestamp(until_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
