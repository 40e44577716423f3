"""Whatever a supplier does and whatever of ours breaks: nobody is charged twice, nothing is lost,
and each unit ends as the supplier's book says or waits for a person, with the reason.

A few hundred runs for each supplier; `make conformance` makes the thousands.
"""

import pytest

from scrip.domain.line import Fate
from tests.suppliers.conformance import run_many
from tests.suppliers.faults import Fault
from tests.suppliers.kinds import KINDS

RUNS = 60


@pytest.mark.parametrize("name", KINDS)
def test_the_suppliers_book_and_our_orders_agree(name: str) -> None:
    figures = run_many(KINDS[name], range(RUNS))

    assert figures.charged_twice == []
    assert figures.lost == []
    assert figures.ended[Fate.DONE] > RUNS / 3
    assert figures.ended[Fate.FAILED]
    assert len(figures.met) >= len(Fault) - 4
    assert set(figures.reasons) <= {"unknown for too long"}
