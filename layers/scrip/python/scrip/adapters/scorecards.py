"""Scorecards of suppliers, one item an account and day, added to as attempts end.

Score   pk `<merchant>#score#<account>#<days since 1970>`, done, failed, unknown, reversed, and
        `within_<step>` for each step of `domain.scorecard.STEPS_MS`

A write whose answer is lost may count twice: these are figures to judge by, not to account by.
"""

from scrip.adapters.tables import Item, Table
from scrip.domain.scorecard import Ending, Scorecard, day_of, step_of

WITHIN = "within_"


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

    def of_days(self, merchant_id: str, account: str, days: range) -> dict[int, Scorecard]:
        """Of those days on which anything ended."""
        wanted = [_key(merchant_id, account, day) for day in days]
        items = self.table.get_many(wanted)
        return {int(item["pk"].rpartition("#")[2]): _scorecard(item) for item in items}


def _key(merchant_id: str, account: str, day: int) -> Item:
    return {"pk": f"{merchant_id}#score#{account}#{day}"}


def _scorecard(item: Item) -> Scorecard:
    return Scorecard(
        {each: item[each.value] for each in Ending if each.value in item},
        {
            int(name.removeprefix(WITHIN)): count
            for name, count in item.items()
            if name.startswith(WITHIN)
        },
    )
