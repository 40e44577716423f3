"""Settings of a supplier that are no good cannot be set: no buyer finds half of them out."""

import re
from typing import Any

import msgspec
import pytest

from tests.suppliers.configured_making import EXAMPLE, PAGE, REST, settings

BAD: dict[str, dict[str, Any]] = {
    "misspelt": {"apii": "https://a.example.com"},
    "not https": {"api": "http://a.example.com"},
    "an address": {"api": "https://127.0.0.1"},
    "a name from inside": {"api": "https://shop.internal"},
    "a query": {"api": "https://a.example.com/?x=1"},
    "a short secret": {"secret": "short"},
    "two places for a signature": {"signature__header": "X"},
    "no place for a signature": {"signature__field": None},
    "a signature in the body it signs": {"signature__over": "body"},
    "the signature's field is taken": {"signature__field": "num"},
    "an unknown scheme": {"signature__scheme": "sha1"},
    "an unknown word": {"send__codes": {"0": "taken", "1": "unclear"}},
    "a refusal of a question": {"ask__codes": {"0": "state", "1": "refused"}},
    "a missing order that is sent": {"send__codes": {"0": "taken", "1": "not_found"}},
    "a state that does not decide": {"states": {"1": "not_found"}},
    "no code that takes": {"send__codes": {"1": "refused"}},
    "no codes": {"ask__codes": {}},
    "no states": {"states": {}},
    "states that nobody reads": {"ask__codes": {"0": "done"}},
    "no place for states": {"answers__state": None},
    "no reference": {"send__fields__out_trade_no": "{ref}"},
    "no goods": {"send__fields__product": "1"},
    "asked by its own number": {"ask__fields__out_trade_no": "{ref}"},
    "an unknown blank": {"send__fields__time": "{now}"},
    "an unknown blank of a form": {"send__fields__area": "{form.Region}"},
    "a blank that does not close": {"send__fields__area": "{form.region"},
    "a GET with a body": {"send__method": "GET"},
    "a path out of the API": {"send__path": "//evil.example.com/?"},
    "an unknown currency": {"currency": "yuan"},
    "a header that breaks": {"headers": {"X": "a\r\nb"}},
    "a name that breaks": {"send__fields__a b": "x"},
    "a negative quarantine": {"terms__quarantine_minutes": 0},
    "no waits": {"terms__waits_seconds": []},
    "an unknown resend": {"terms__resend": "maybe"},
    "no resend": {"terms__resend": None},
    "a callback's header": {
        "callback__signature": {"scheme": "md5", "header": "Authorization"},
    },
}


@pytest.mark.parametrize("case", BAD)
def test_settings_that_are_no_good_cannot_be_set(case: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(**BAD[case])


def test_a_query_has_no_body_to_sign() -> None:
    with pytest.raises(msgspec.ValidationError, match="no body"):
        settings(REST, ask__content="query")


def test_the_secret_is_told_by_nothing() -> None:
    assert EXAMPLE["secret"] not in repr(settings())


def test_the_table_of_words_is_as_they_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*?\| (yes)? ?\| (yes)? ?\| (yes)? ?\|$", PAGE, re.MULTILINE)
    for word, *places in rows:
        for place, allowed in zip(("send", "ask", "states"), places, strict=True):
            key = "states" if place == "states" else f"{place}__codes"
            before = EXAMPLE["states"] if place == "states" else EXAMPLE[place]["codes"]
            changes = {key: {**before, "x": word}}
            if allowed:
                settings(**changes)
                continue
            with pytest.raises(msgspec.ValidationError):
                settings(**changes)
    assert len(rows) == 8
