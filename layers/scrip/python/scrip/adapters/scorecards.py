"""Scorecards of suppliers, one item an account and day, added to as attempts end.

Score   pk `<merchant>#score#<account>#<days since 1970>`, done, failed, unknown, reversed, and
        `within_<step>` for each step of `domain.scorecard.STEPS_MS`
Disputed  pk `<merchant>#disputed#<account>#<days since 1970>`, disputed: the set of references

A write whose answer is lost may count twice: these are figures to judge by, not to account by. What
is disputed is found again and again, and a set holds it once. It is an item of its own: the other
is written with each attempt, and stays short.
"""

from collections.abc import Set as AbstractSet

from scrip.adapters.tables import Item, Table
from scrip.domain.scorecard import Ending, Scorecard, day_of, step_of

WITHIN = "within_"
DISPUTED = "disputed"


class Scorecards:
    def __init__(self, table: Table) -> None:
        self.table = table

    def add(
        self, merchant_id: str, account: str, ending: Ending, took_ms: int | None, now_ms: int
    ) -> None:
        """`took_ms`: None where it has not ended."""
        counted = [ending.value]
        if took_ms is not None:
            counted.append(f"{WITHIN}{step_of(took_ms)}")
        self.table.update(
            _key(merchant_id, account, day_of(now_ms)),
            "ADD " + ", ".join(f"#{name} :one" for name in counted),
            names={f"#{name}": name for name in counted},
            values={":one": 1},
        )

    def add_disputed(
        self, merchant_id: str, account: str, references: AbstractSet[str], at_ms: int
    ) -> None:
        """Attempts, by their references. Adding one again on its day changes nothing."""
        self.table.update(
            _key(merchant_id, account, day_of(at_ms), DISPUTED),
            "ADD disputed :those",
            values={":those": references},
        )

    def of_days(self, merchant_id: str, account: str, days: range) -> dict[int, Scorecard]:
        """Of those days on which anything ended."""
        wanted = [_key(merchant_id, account, day) for day in days]
        items = self.table.get_many(wanted)
        return {_day(item): _scorecard(item) for item in items}

    def disputed_of_days(self, merchant_id: str, account: str, days: range) -> dict[int, Scorecard]:
        """Of those days on which anything was. They hold nothing else."""
        items = self.table.get_many([_key(merchant_id, account, day, DISPUTED) for day in days])
        return {
            _day(item): Scorecard({Ending.DISPUTED: len(item["disputed"])}, {}) for item in items
        }


def _key(merchant_id: str, account: str, day: int, what: str = "score") -> Item:
    return {"pk": f"{merchant_id}#{what}#{account}#{day}"}


def _day(item: Item) -> int:
    return int(item["pk"].rpartition("#")[2])


def _scorecard(item: Item) -> Scorecard:
    return Scorecard(
        {each: item[each.value] for each in Ending if each.value in item},
        {
            int(name.removeprefix(WITHIN)): count
            for name, count in item.items()
            if name.startswith(WITHIN)
        },
    )
