"""Buyers place orders, pay them or do not, and read them."""

from scrip.domain.chase import WAIT_MS
from tests.crash.any_order.machine import CODES, COUNTED, MINUTE_MS, Machine, Sale
from tests.crash.any_order.places import Code, Kind, Place
from tests.crash.world import World

WINDOW_MS = 60 * MINUTE_MS
INDEX_LAG_MS = MINUTE_MS
DAY_MS = 24 * 60 * MINUTE_MS
HOLD_MINUTES = (10, 10, 5, 5, 2, 2)
"""By how many holds its buyer left unpaid within a day; after that, none."""

BUYERS = ("ann@example.com", "bob@example.com")


class Buying(Machine):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.unpaid: dict[str, set[str]] = {}
        """The orders whose holds a buyer left."""

    def _hold_minutes(self, buyer: str) -> int:
        day_ago = (self.world.clock.at_ms - DAY_MS) // MINUTE_MS
        left = sum(
            sale.due_ms // MINUTE_MS >= day_ago
            for sale in self.sales
            if sale.order_id in self.unpaid.get(buyer, ())
        )
        return HOLD_MINUTES[left] if left < len(HOLD_MINUTES) else 0

    def place(self) -> Sale | None:
        """None: sold out."""
        variants = self.luck.sample((*CODES, COUNTED), self.luck.choice((1, 1, 2, 3)))
        lines = {each: self.luck.randint(1, 4) for each in variants}
        key, buyer = self.key(), self.luck.choice(BUYERS)
        minutes = self._hold_minutes(buyer)
        reply = self.ask(
            lambda: self.world.shop.place(lines, idempotency_key=key, email=buyer),
            repeatable=True,
        )
        held = [each for each in lines if self.selling[each].hold and minutes]
        if reply.problem == "sold-out":
            assert any(self.free(each) < lines[each] for each in held) or not all(
                self.free(each) for each in lines
            )
            self.moved()
            return None
        sale = Sale(
            order_id=reply.json["order"]["order_id"],
            placed=reply,
            lines=[*lines.items()],
            buyer=buyer,
            whole=not all(self.selling[each].partial for each in lines),
            due_ms=self.world.clock.at_ms + (minutes * MINUTE_MS if held else WINDOW_MS),
            holds=bool(held),
        )
        assert reply.json["order"]["expires_at_ms"] == sale.due_ms
        self.sales.append(sale)
        self.moved(
            chosen=[
                (each, Place(Kind.HELD, sale.order_id, number, unit))
                for number, (each, quantity) in enumerate(sale.lines)
                if each in held
                for unit in range(quantity)
            ]
        )
        return sale

    def pay(self, sale: Sale | None = None) -> None:
        """Late, perhaps, or again."""
        sale = sale or (self.luck.choice(self.sales) if self.sales else None)
        if sale is None:
            return
        event = self.world.paid(sale.placed)
        self.until_done(lambda: self.world.post(event))
        if sale.state not in ("pending", "expired"):
            self.moved()
            return
        held, chosen, short = self.units(sale.order_id), list[tuple[str, Place]](), False
        for number, (variant, quantity) in enumerate(sale.lines):
            has = len(self.units(sale.order_id, number))
            gets = min(quantity, has + self.free(variant))
            short = short or gets < quantity
            chosen += [
                (variant, Place(Kind.SOLD, sale.order_id, number, unit))
                for unit in range(has, gets)
            ]
        sale.state = "refund_due" if short else "delivered"
        sale.delivered_ms = self.world.clock.at_ms
        sale.readable = not (short and sale.whole)
        if sale.readable:
            self.moved({code: self.where[code]._replace(kind=Kind.SOLD) for code in held}, chosen)
        else:
            self.moved(self._let_go(sale))

    def buy(self) -> None:
        """Placed and paid at once."""
        trouble, self.trouble = self.trouble, None
        sale = self.place()
        if sale:
            self.trouble = trouble
            self.pay(sale)

    def sweep(self) -> None:
        self.until_done(self.world.sweep)
        let_go: dict[Code, Place] = {}
        for sale in self.sales:
            late_ms = self.world.clock.at_ms - sale.due_ms
            if sale.state == "pending" and late_ms >= (1 if sale.holds else INDEX_LAG_MS):
                let_go |= self._expire(sale)
            if sale.state == "expired" and sale.holds and late_ms > 0:
                self.unpaid.setdefault(sale.buyer, set()).add(sale.order_id)
        self.moved(let_go)

    def read(self) -> None:
        if not self.sales:
            return
        sale = self.luck.choice(self.sales)
        reply = self.ask(lambda: self.world.shop.read(sale.placed))
        self.moved(self.expire_if_due(sale))
        assert reply.json["state"] == sale.state

    def expire_if_due(self, sale: Sale) -> dict[Code, Place]:
        """Its buyer looks at an order long after its time, and ends it."""
        due = sale.state == "pending" and sale.due_ms + WAIT_MS <= self.world.clock.at_ms
        return self._expire(sale) if due else {}

    def _expire(self, sale: Sale) -> dict[Code, Place]:
        sale.state = "expired"
        return self._let_go(sale)

    def _let_go(self, sale: Sale) -> dict[Code, Place]:
        return {code: self.unsold(code) for code in self.units(sale.order_id)}
