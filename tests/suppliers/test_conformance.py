"""Whatever a supplier does and whatever of ours breaks: nobody is charged twice, nothing is lost,
and each unit ends as the supplier's book says or waits for a person, with the reason.

A few hundred runs for each supplier; `make conformance` makes the thousands.
"""

from collections import Counter

import pytest

from scrip.domain.goods import Kind
from scrip.domain.line import Fate
from tests.share import SHARE
from tests.suppliers.conform import line, report
from tests.suppliers.conformance import Figures, run_many
from tests.suppliers.faults import Fault
from tests.suppliers.kinds import KINDS

RUNS = 90 // SHARE


def test_what_parts_came_to_adds_up_and_is_told() -> None:
    total = Figures()
    for lost in ([], ["run 7"]):
        total.add(
            Figures(Counter({Fate.DONE: 2, Fate.OPEN: 1}), Counter(late=1), charged=2, lost=lost)
        )

    assert line("x", 6, total) == (
        "x: 6 runs, 6 units: 2 open, 4 done, 0 failed, 0 reversed, 0 contradicted, 0 twice; "
        "for a person: 2 late; 4 charges, 0 double, 1 lost, 0 reversals unheard, 0 codes, "
        "0 leaked; 0 faults met, 0 functions killed"
    )
    assert report(total)["lost"] == ["run 7"]


@pytest.mark.parametrize("name", KINDS)
def test_the_suppliers_book_and_our_orders_agree(name: str) -> None:
    figures = run_many(KINDS[name], range(RUNS))

    assert figures.charged_twice == []
    assert figures.lost == []
    assert figures.leaked == []
    assert figures.unheard == 0
    assert figures.ended[Fate.DONE] > RUNS / 3
    assert figures.ended[Fate.FAILED]
    assert len(figures.met) >= len(Fault) - 4
    assert set(figures.reasons) <= {"unknown for too long"}
    of_codes = KINDS[name].kind is Kind.BOUGHT_CODE
    assert figures.codes == (figures.ended[Fate.DONE] if of_codes else 0)
