"""What a supplier said of a code that was bought: done only once the code is safe.

Who dies between the supplier's answer and this asks again and hears the same code. A unit has one
code: another for it is never kept in its place, and a person looks.
"""

from dataclasses import replace
from typing import Protocol

from scrip.domain.attempt import AttemptState, Said
from scrip.domain.code import Code
from scrip.domain.goods import Kind
from scrip.domain.supplier_terms import Meaning
from scrip.domain.top_up import TopUp, Unit

ANOTHER_CODE = "another code than it has"


class Codes(Protocol):
    def keep(self, unit: Unit, code: Code, reference: str, now_ms: int) -> bool: ...


def keep_code(said: Said, top_up: TopUp, *, now_ms: int, codes: Codes) -> Said:
    """As it is to be heard. Raises SealBroken, StoreUnavailable."""
    if top_up.kind is not Kind.BOUGHT_CODE:
        return said
    said = replace(said, receipt="")  # what a supplier tells of a code may be the code
    attempt = top_up.attempt
    if said.meaning is not Meaning.DONE or attempt.state is AttemptState.FAILED:
        return said  # of what has failed its buyer has the money back: the code is nobody's
    if said.secret is None:
        return replace(said, meaning=Meaning.TAKEN)
    if codes.keep(top_up.unit, said.secret, attempt.reference, now_ms):
        return said
    return replace(said, meaning=Meaning.IMPOSSIBLE, code=ANOTHER_CODE)
