"""docs/suppliers.md tells what an account with each kind of supplier opens with."""

import json
import re

import msgspec
import pytest
from botocore.httpsession import URLLib3Session

from scrip.adapters.suppliers.registry import KINDS, module_of
from tests.template import ROOT

PAGE = (ROOT / "docs" / "suppliers.md").read_text(encoding="utf-8")
SECTIONS = {each.partition("\n")[0]: each for each in re.split(r"^## ", PAGE, flags=re.M)[1:]}


def example_of(kind: str) -> str:
    """The JSON that the page shows."""
    found = re.search(r"```json\n(.+?)\n```", SECTIONS[kind], re.DOTALL)
    assert found
    return found[1]


def test_every_kind_has_a_section() -> None:
    assert sorted([*KINDS, "Which supplier, and when none"]) == sorted(SECTIONS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_secrets_shown_open_an_account_and_are_told_by_nothing(kind: str) -> None:
    example, module = example_of(kind), module_of(kind)

    secrets = msgspec.json.decode(example, type=module.SECRETS)
    supplier = module.SUPPLIER(secrets, "", URLLib3Session())

    fields = {field.encode_name for field in msgspec.structs.fields(module.SECRETS)}
    assert set(json.loads(example)) == fields
    assert supplier.terms.supplier == kind
    told = repr(secrets) + repr(supplier)
    texts = [each for each in json.loads(example).values() if isinstance(each, str)]
    assert not any(each in told for each in texts if len(each) > 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_says_what_its_callbacks_need(kind: str) -> None:
    module = module_of(kind)

    assert all(name == name.lower() for name in module.SIGNATURE_HEADERS)
    assert module.ACKNOWLEDGED is None or module.ACKNOWLEDGED.status // 100 == 2
