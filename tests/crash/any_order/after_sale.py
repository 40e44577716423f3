"""What becomes of sold codes: shown, replaced, taken back, shredded."""

from tests.crash.any_order.buying import DAY_MS, Buying
from tests.crash.any_order.machine import COUNTED, Sale
from tests.crash.any_order.places import Kind

REPLACE_MS = 30 * DAY_MS


class AfterSale(Buying):
    def reveal(self, sale: Sale | None = None) -> None:
        sale = sale or self._some_sale()
        if sale is None:
            return
        placed = sale.placed
        reply = self.ask(lambda: self.world.shop.reveal(placed))
        self.moved(self.expire_if_due(sale))
        if not sale.readable:
            assert reply.problem == "order-not-readable"
            return
        sale.seen = True
        units = self.units(sale.order_id)
        texts = [self.text(code) for code in units if code.variant != COUNTED]
        left = [text for text in texts if text is not None]
        counted = [self.where[code] for code in units if code.variant == COUNTED]
        if units and not counted and not left:
            assert reply.problem == "codes-shredded"
            return
        shown, keys = list[str](), list[str]()
        for each in reply.json["codes"]:
            (keys if each["variant_id"] == COUNTED else shown).append(each["code"])
        assert shown == left
        assert reply.json["shredded"] == len(texts) - len(left)
        for place, key in zip(counted, keys, strict=True):
            assert self.made.setdefault(place, key) == key
        assert len({*self.made.values()}) == len(self.made)

    def replace(self) -> None:
        sale = self._some_sale()
        if sale is None:
            return
        line, unit = self.luck.randrange(len(sale.lines)), self.luck.choice((0, 0, 0, 1, 3))
        reply = self.ask(lambda: self.world.shop.replace(sale.placed, unit, line), repeatable=True)
        assert reply.problem == self._why_not_replaced(sale, line, unit)
        if reply.problem or line in sale.replaced:
            self.moved()
            return
        sale.replaced[line] = unit
        bad = self.units(sale.order_id, line)[unit]
        place = self.where[bad]
        self.moved({bad: place._replace(kind=Kind.BAD)}, [(bad.variant, place)])

    def _why_not_replaced(self, sale: Sale, line: int, unit: int) -> str:
        variant = sale.lines[line][0]
        if not sale.readable:
            return "order-not-readable"
        if line in sale.replaced:
            return "" if sale.replaced[line] == unit else "code-replaced"
        if variant == COUNTED or unit >= len(self.units(sale.order_id, line)):
            return "unit-unknown"
        if self.world.clock.at_ms >= sale.delivered_ms + REPLACE_MS:
            return "replacement-closed"
        return "" if self.free(variant) else "sold-out"

    def take_back(self) -> None:
        sale = self._some_sale()
        if sale is None:
            return
        line, units = self.luck.randrange(len(sale.lines)), self.luck.choice((None, 1, 2, 3))
        reply = self.ask(
            lambda: self.world.shop.take_back(sale.placed, units, line), repeatable=True
        )
        has, returned = self.units(sale.order_id, line), sale.returned.get(line, 0)
        delivered = len(has) + returned
        wanted = delivered if units is None else units
        problem = ""
        if not sale.readable:
            problem = "order-not-readable"
        elif not 0 < wanted <= delivered:
            problem = "unit-unknown"
        elif wanted > returned and line in sale.replaced:
            problem = "code-replaced"
        elif wanted > returned and sale.seen:
            problem = "codes-revealed"
        assert reply.problem == problem
        if problem or wanted <= returned:
            self.moved()
            return
        sale.state, sale.returned[line] = "refund_due", wanted
        self.moved({code: self.unsold(code) for code in has[delivered - wanted :]})

    def shred_unit(self) -> None:
        sale = self._some_sale()
        if sale is None:
            return
        line, unit = self.luck.randrange(len(sale.lines)), self.luck.choice((0, 0, 0, 1, 3))
        reply = self.ask(lambda: self.world.shop.shred_unit(sale.placed, line, unit))
        self.moved()
        has = self.units(sale.order_id, line)
        if not sale.readable:
            assert reply.problem == "order-not-readable"
        elif unit >= len(has) or sale.lines[line][0] == COUNTED:
            assert reply.problem == "unit-unknown"
        elif self.lots[has[unit].batch_id].shredded:
            assert reply.problem == "codes-shredded"
        else:
            assert reply.status == 200
            sale.seen = True
            self.shredded.add(has[unit])

    def close(self) -> None:
        """In the end every buyer sees codes of their own."""
        for sale in self.sales:
            self.reveal(sale)

    def _some_sale(self) -> Sale | None:
        """Mostly one that has codes."""
        readable = [sale for sale in self.sales if sale.readable]
        found = readable if readable and self.luck.random() < 0.9 else self.sales
        return self.luck.choice(found) if found else None
