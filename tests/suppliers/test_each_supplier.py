"""Every adapter against its simulator, where all suppliers do alike: what is lost on the way is
unclear, what nobody finds for a while has not failed, and whatever goes wrong, what we say of an
order stands in the book.

What only one of them does is in a test of its own. Thousands more run with the engine
(`make conformance`); these prove the adapters.
"""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

import pytest

from scrip.adapters.suppliers.port import Supplier
from scrip.adapters.suppliers.reloadly_api import ReloadlyApi
from scrip.adapters.tokens import Tokens
from scrip.domain.attempt import AttemptState
from scrip.domain.charge import Charge
from scrip.domain.money import Money
from scrip.domain.supplier_terms import HOUR_MS, MINUTE_MS, Meaning
from tests.share import SHARE
from tests.suppliers.faults import OF_REQUESTS, Fate, Fault, Plan
from tests.suppliers.kinds import KINDS, Conforming
from tests.suppliers.running import ANY_FAULT, agrees, run
from tests.suppliers.server import Simulator, simulated

SEEDS = 120 // SHARE
REFERENCE = "0123456789ABCDEF000001"


class Alike(NamedTuple):
    """`busy`: what an order is that comes too fast; `twice`: one whose request arrives twice, None
    where that makes two. `hidden_minutes`: so long nobody finds it, after `lost` answers, and it
    has not failed. `worth`: without it more would be asked."""

    busy: Meaning = Meaning.UNCLEAR
    twice: Meaning | None = Meaning.UNCLEAR
    hidden_minutes: int = 59
    lost: int = 1
    worth: Money | None = None


ALIKE = {
    "configured, a form, new after a failure": Alike(busy=Meaning.NOT_SENT, hidden_minutes=29),
    "configured, JSON, replays": Alike(
        busy=Meaning.NOT_SENT, twice=Meaning.TAKEN, hidden_minutes=9, lost=2
    ),
    "ding": Alike(Meaning.NOT_SENT, twice=None, hidden_minutes=9, worth=Money(500, "EUR")),
    "dtone": Alike(),
    "fulu": Alike(hidden_minutes=119),
    "reloadly": Alike(hidden_minutes=359),
    "reloadly_cards": Alike(hidden_minutes=359),
    "tango": Alike(twice=Meaning.TAKEN, lost=2),
    "tango, codes": Alike(twice=Meaning.TAKEN, lost=2),
}


class Station(NamedTuple):
    kind: Conforming
    alike: Alike
    simulator: Simulator

    def begin(self, plan: Plan) -> Supplier:
        """With an empty book."""
        self.simulator.begin(plan, currency="USD", goods={self.kind.sku: 500})
        return self.kind.made(self.simulator)

    def charge(self, reference: str = REFERENCE) -> Charge:
        kind, worth = self.kind, self.alike.worth
        return Charge(reference, kind.sku, kind.filled, worth, kind=kind.kind)


@pytest.fixture(scope="module", params=ALIKE)
def station(request: pytest.FixtureRequest) -> Iterator[Station]:
    kind = KINDS[request.param]
    with simulated(kind.dialect) as simulator:
        yield Station(kind, ALIKE[request.param], simulator)


@pytest.fixture(autouse=True)
def _no_token_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReloadlyApi, "tokens", Tokens())


@pytest.mark.parametrize("fault", OF_REQUESTS)
def test_what_is_lost_is_unclear(station: Station, fault: Fault) -> None:
    signs, twice = station.kind.dialect.signs, station.alike.twice
    if (fault is Fault.WRONG_SIGNATURE and not signs) or (fault is Fault.TWICE and not twice):
        return
    supplier = station.begin(Plan())
    plan, charge = station.simulator.plan, station.charge()
    plan.fates.append(Fate(takes_ms=HOUR_MS))
    sent = {
        Fault.REFUSED: Meaning.NOT_SENT,
        Fault.BUSY: station.alike.busy,
        Fault.TWICE: twice,
    }

    plan.script.append(fault)
    assert supplier.send(charge).meaning is sent.get(fault, Meaning.UNCLEAR)

    supplier.send(charge)
    plan.script.append(fault)
    asked = Meaning.TAKEN if fault is Fault.TWICE else Meaning.UNCLEAR
    assert supplier.ask(charge).meaning is asked


def test_what_is_missing_for_almost_its_quarantine_has_not_failed(station: Station) -> None:
    supplier, hidden_ms = station.begin(Plan()), station.alike.hidden_minutes * MINUTE_MS
    assert supplier.terms.quarantine_ms <= hidden_ms + MINUTE_MS
    station.simulator.plan.fates.append(Fate(hidden_ms=hidden_ms))
    station.simulator.plan.script.extend([Fault.LOST] * station.alike.lost)

    attempt = run(supplier, station.simulator, station.charge(), lambda: False)

    charged = station.simulator.book.charged(REFERENCE)
    assert (attempt.state, charged) == (AttemptState.DONE, 1)


def test_whatever_goes_wrong_the_book_and_we_agree(station: Station) -> None:
    ended = dict.fromkeys(AttemptState, 0)
    for seed in range(SEEDS):
        supplier, lost = station.begin(Plan(seed, ANY_FAULT)), Random(f"{seed}/lost")
        charge = station.charge(f"{seed:022d}")

        attempt = run(supplier, station.simulator, charge, lambda: lost.random() < 0.1)  # noqa: B023

        assert agrees(attempt, station.simulator), (seed, attempt)
        ended[attempt.state] += 1
    assert ended[AttemptState.DONE] > SEEDS / 3
    assert ended[AttemptState.FAILED] > SEEDS / 8
