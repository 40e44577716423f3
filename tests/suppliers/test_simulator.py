"""The simulator goes wrong as planned and keeps its own book: others prove things by it."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from scrip.adapters.suppliers.fulu import TERMS, FuluSecrets, FuluSupplier
from scrip.domain.charge import Charge
from scrip.domain.supplier_terms import DAY_MS, HOUR_MS, Meaning, Resend
from tests.suppliers.book import Book, Duplicate, Missing, OrderState, Refused, Taken, Why
from tests.suppliers.dialect import Callback
from tests.suppliers.faults import OF_REQUESTS, Fate, Fault, Plan
from tests.suppliers.fulu import APP_KEY, SECRET, FuluDialect
from tests.suppliers.server import NOW_MS, Simulator, simulated

CHARGE = Charge("R1", "10", {"account": "1"})


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with simulated(FuluDialect(TERMS)) as state:
        yield state


def client(server: Simulator) -> FuluSupplier:
    secrets = FuluSecrets(APP_KEY, SECRET)
    return FuluSupplier(secrets, server.base, server.http, lambda: server.now_ms / 1000)


class Clock:
    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


def book(resend: Resend = Resend.REFUSES, *fates: Fate) -> tuple[Book, Clock]:
    clock, plan = Clock(), Plan()
    plan.fates.extend(fates)
    terms = replace(TERMS, resend=resend, reversible=True)
    return Book(terms, plan, clock), clock


@pytest.mark.parametrize("resend", Resend)
@pytest.mark.parametrize("fails", [False, True])
def test_what_sending_again_does(resend: Resend, fails: bool) -> None:
    kept, _ = book(resend, Fate(fails=fails), Fate())
    first = kept.send("R1", "SKU1", "1")
    assert isinstance(first, Taken)

    again = kept.send("R1", "SKU1", "1")

    anew = resend is Resend.NEW or (resend is Resend.NEW_AFTER_FAILURE and fails)
    assert len(kept.orders) == 1 + anew
    assert kept.charged("R1") == (not fails) + anew
    if not anew:
        replays = resend is Resend.REPLAYS
        assert again == (first if replays else Duplicate(first.order))


def test_an_order_is_charged_when_it_ends_and_taken_back_when_it_is() -> None:
    kept, clock = book(Resend.REFUSES, Fate(takes_ms=10, reversed_ms=DAY_MS))
    kept.send("R1", "SKU1", "1")
    found = []
    for later in (0, 9, 1, DAY_MS - 1, 1):
        clock.now_ms += later
        asked = kept.ask("R1")
        assert isinstance(asked, Taken)
        found.append((asked.state, kept.charged("R1"), kept.balance_minor - kept.balance()))

    assert found == [
        (OrderState.PROCESSING, 0, 2790),
        (OrderState.PROCESSING, 0, 2790),
        (OrderState.DONE, 1, 2790),
        (OrderState.DONE, 1, 2790),
        (OrderState.REVERSED, 0, 0),
    ]


def test_a_hidden_order_is_charged_and_known_to_who_sends_it_again() -> None:
    kept, clock = book(Resend.REPLAYS, Fate(hidden_ms=HOUR_MS))
    kept.send("R1", "SKU1", "1")

    assert (kept.ask("R1"), kept.charged("R1")) == (Missing(), 1)
    assert isinstance(kept.send("R1", "SKU1", "1"), Taken)
    clock.now_ms += HOUR_MS
    assert isinstance(kept.ask("R1"), Taken)
    assert len(kept.orders) == 1


def test_what_is_refused_is_not_in_the_book() -> None:
    kept, _ = book()
    kept.balance_minor = 100

    assert kept.send("R1", "SKU9", "1") == Refused(Why.UNKNOWN_GOODS)
    assert kept.send("R1", "SKU1", "00000") == Refused(Why.BAD_ACCOUNT)
    assert kept.send("R1", "SKU1", "1") == Refused(Why.NO_BALANCE)
    assert (kept.orders, kept.ask("R1")) == ([], Missing())


@pytest.mark.parametrize("fault", OF_REQUESTS)
def test_each_fault_of_a_request_does_what_it_says(server: Simulator, fault: Fault) -> None:
    server.begin(Plan(), goods={"10": 100})
    server.plan.script.append(fault)
    server.plan.fates.append(Fate(takes_ms=HOUR_MS))

    said = client(server).send(CHARGE)

    done = fault not in (Fault.REFUSED, Fault.ERROR_BEFORE, Fault.BUSY)
    assert (len(server.book.orders), len(server.requests)) == (done, fault is not Fault.REFUSED)
    assert said.meaning is (Meaning.NOT_SENT if fault is Fault.REFUSED else Meaning.UNCLEAR)
    assert server.plan.met == {fault: 1}
    assert client(server).ask(CHARGE).meaning is (Meaning.TAKEN if done else Meaning.NOT_FOUND)


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_happens_alone(server: Simulator, fault: Fault) -> None:
    reversing = FuluDialect(replace(TERMS, reversible=True))
    server.dialect, before = reversing, server.dialect
    met = server.begin(Plan(7, frozenset({fault})), goods={"10": 100}).plan.met
    for n in range(30):
        client(server).send(replace(CHARGE, reference=f"R{n}"))
    server.dialect = before

    assert set(met) == ({fault} if fault is not Fault.SKEW else set())
    assert (server.plan.skew_ms != 0) == (fault is Fault.SKEW)


def test_a_seed_draws_the_same_again(server: Simulator) -> None:
    runs = []
    for seed in (1, 1, 2):
        server.begin(Plan(seed, frozenset(Fault), share=0.5), goods={"10": 100})
        said = [client(server).send(replace(CHARGE, reference=f"R{n}")) for n in range(20)]
        fates = [each.fate for each in server.book.orders]
        runs.append(([each.code for each in said], fates, server.plan.met))

    assert runs[0] == runs[1] != runs[2]


def test_nothing_goes_wrong_unless_it_is_planned(server: Simulator) -> None:
    server.begin(Plan(5), goods={"10": 100})
    said = [client(server).send(replace(CHARGE, reference=f"R{n}")) for n in range(20)]
    server.now_ms += HOUR_MS

    assert {each.meaning for each in said} == {Meaning.TAKEN}
    assert sum(server.book.charged(f"R{n}") for n in range(20)) == 20
    assert len(server.callbacks()) == 20
    assert server.callbacks() == []


def test_callbacks_come_when_an_order_ends_before_the_answer_or_never(server: Simulator) -> None:
    server.begin(Plan(), goods={"10": 100})
    early = Fate(takes_ms=10, told_first=True)
    server.plan.fates.extend([Fate(takes_ms=10), early, Fate(takes_ms=10, told=False)])
    heard: list[Callback] = []
    server.hear = heard.append
    for n in range(3):
        client(server).send(replace(CHARGE, reference=f"R{n}"))
        assert len(heard) == (n > 0)
    server.hear = None

    assert server.callbacks() == []
    server.now_ms += 10
    late = server.callbacks()

    assert [json.loads(each.body)["customer_order_no"] for each in heard + late] == ["R1", "R0"]


def test_a_clock_that_is_off_shows_in_what_is_told(server: Simulator) -> None:
    server.begin(Plan(3, frozenset({Fault.SKEW})), goods={"10": 100})
    server.plan.fates.append(Fate())
    client(server).send(CHARGE)
    (callback,) = server.callbacks()
    told = json.loads(callback.body)["charge_finish_time"]
    server.begin(Plan(), goods={"10": 100})
    server.plan.fates.append(Fate())
    client(server).send(CHARGE)

    assert told != json.loads(server.callbacks()[0].body)["charge_finish_time"]
