"""Stock that leaves unsold: recalled, shredded, exported by two people."""

from tests.crash.any_order.buying import DAY_MS
from tests.crash.any_order.machine import CODES, COUNTED, MINUTE_MS, ON_SALE, Export, Lot, Machine
from tests.crash.any_order.places import Code, Kind, Place

APPROVE_MS = DAY_MS
DOWNLOAD_MS = 4 * 60 * MINUTE_MS
MARK_AND_HEADER = 2
FIRST, SECOND = "operator", "second operator"


class Withdrawing(Machine):
    def recall(self) -> None:
        lot = self.luck.choice([*self.lots.values()])
        reply = self.ask(lambda: self.world.shop.recall(lot.variant, lot.batch_id), repeatable=True)
        assert reply.json["complete"]
        lot.recalled = True
        self.moved(self._unsold_of(lot))

    def shred_batch(self) -> None:
        lot = self.luck.choice([*self.lots.values()])
        reply = self.ask(
            lambda: self.world.shop.shred_batch(lot.variant, lot.batch_id), repeatable=True
        )
        places = {self.where[code] for code in lot.codes}
        if lot.variant == COUNTED:
            assert reply.problem == "batch-unknown"
        elif ON_SALE in places:
            assert reply.problem == "batch-on-sale"
        elif Place(Kind.ENDED) not in places:  # of those, nobody may know yet
            assert reply.status == 200
        lot.shredded = lot.shredded or reply.status == 200
        self.moved(self._unsold_of(lot))

    def _unsold_of(self, lot: Lot) -> dict[Code, Place]:
        return {code: self.unsold(code) for code in lot.codes if not self.where[code].owner}

    def ask_export(self) -> None:
        key, variant, codes = self.key(), self.luck.choice(CODES), self.luck.randint(1, 6)
        reply = self.ask(
            lambda: self.world.shop.ask_export(variant, codes, idempotency_key=key),
            repeatable=True,
        )
        assert reply.status == 201
        self.moved()
        export_id = reply.json["export_id"]
        self.exports.append(Export(export_id, reply, variant, codes, self.world.clock.at_ms))

    def approve(self) -> None:
        if not self.exports:
            return
        export, person = self.luck.choice(self.exports), self.luck.choice((FIRST, SECOND, SECOND))
        reply = self.ask(
            lambda: self.world.shop.export(export.asked, "approve", key=person), repeatable=True
        )
        units = 0
        if person == FIRST:
            assert reply.problem == "export-key-refused"
        elif self._open(export):
            export.state = "ready"
            export.downloads_until_ms = self.world.clock.at_ms + DOWNLOAD_MS
            units = min(export.codes, self.free(export.variant))
        elif export.state != "ready":
            assert reply.problem == "export-not-open"
        if person == SECOND and export.state == "ready":
            assert reply.json["state"] == "ready"
        self.moved(
            chosen=[
                (export.variant, Place(Kind.EXPORTED, export.export_id, unit=unit))
                for unit in range(units)
            ]
        )

    def refuse(self) -> None:
        if not self.exports:
            return
        export = self.luck.choice(self.exports)
        reply = self.ask(
            lambda: self.world.shop.export(export.asked, "refuse", key=SECOND), repeatable=True
        )
        self.moved()
        if self._open(export):
            export.state = "refused"
        assert reply.problem == ("" if export.state == "refused" else "export-not-open")

    def _open(self, export: Export) -> bool:
        in_time = self.world.clock.at_ms < export.asked_ms + APPROVE_MS
        return export.state == "requested" and in_time

    def download(self) -> None:
        if not self.exports:
            return
        export, person = self.luck.choice(self.exports), self.luck.choice((FIRST, SECOND))
        reply = self.ask(lambda: self.world.shop.export(export.asked, "download", key=person))
        self.moved()
        if export.state != "ready" or self.world.clock.at_ms >= export.downloads_until_ms:
            assert reply.problem == "export-not-open"
            return
        texts = {self.text(code) for code in self.units(export.export_id)} - {None}
        rows = [row.split(",")[0].strip('"') for row in reply.text.splitlines()]
        assert {row for row in rows if row.startswith(export.variant)} == texts
        assert len(rows) == MARK_AND_HEADER + len(texts)
