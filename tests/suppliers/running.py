"""One attempt at a simulated supplier, from its first byte to its end, in virtual time.

No more than the domain says and the adapter does: what an engine may lose on the way is tested with
the engine.
"""

from collections.abc import Callable

from scrip.adapters.suppliers.port import Supplier
from scrip.domain.attempt import Attempt, AttemptState, Step
from scrip.domain.charge import Charge
from scrip.domain.supplier_terms import HOUR_MS
from tests.suppliers.faults import Fault
from tests.suppliers.server import Simulator

ANY_FAULT = frozenset(Fault)
MOST_STEPS = 2_000


def run(
    supplier: Supplier, simulator: Simulator, charge: Charge, forget: Callable[[], bool]
) -> Attempt:
    """Until it ends or a person must look. `forget`: whether what the supplier said is lost on our
    side too."""
    terms = supplier.terms
    attempt = Attempt(charge.reference, terms.supplier, simulator.now_ms)
    for _ in range(MOST_STEPS):
        simulator.callbacks()
        match attempt.next_step(simulator.now_ms, terms):
            case Step.SEND:
                attempt = attempt.sending(simulator.now_ms, terms)
                said = supplier.send(charge)
                attempt = attempt if forget() else attempt.answered(said)
                simulator.now_ms += 1_000
            case Step.ASK:
                said = supplier.ask(charge)
                if not forget():
                    attempt = attempt.told(said, simulator.now_ms, terms)
                simulator.now_ms += 1_000
            case Step.WAIT:
                simulator.now_ms = attempt.due_ms(terms)
            case _:
                return attempt
    raise AssertionError(f"{attempt.reference} does not end")


def charged(attempt: Attempt, simulator: Simulator) -> int:
    """How often the account was charged, once all has come to its end at the supplier, whether it
    was taken back or not."""
    simulator.now_ms += 9 * HOUR_MS
    book = simulator.book
    return book.charged(attempt.reference) + book.reversed(attempt.reference)


def agrees(attempt: Attempt, simulator: Simulator) -> bool:
    """Whether the supplier's book says what we say. Of what a person must look at, and of what it
    took back before we heard that it was done, only that nobody was charged twice."""
    times = charged(attempt, simulator)
    match attempt.state:
        case AttemptState.DONE:
            return times == 1
        case AttemptState.FAILED:
            return simulator.book.charged(attempt.reference) == 0
    return times <= 1
