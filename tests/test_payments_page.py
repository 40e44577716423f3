"""docs/payments.md tells the truth about every provider that a shop can use."""

import json
import re
from importlib import import_module
from typing import Any

import msgspec
import pytest

from scrip.adapters.gateways.registry import PROVIDERS
from scrip.adapters.gateways.stripe_events import READERS
from tests.template import ROOT

PAGE = (ROOT / "docs" / "payments.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]


def section_of(provider: str) -> str:
    titles = {each.partition("\n")[0].lower().replace(" ", ""): each for each in SECTIONS}
    (found,) = [section for title, section in titles.items() if provider in title]
    return found


def module_of(provider: str) -> Any:
    return import_module(f"scrip.adapters.gateways.{provider}")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_way_to_pay_is_explained(provider: str) -> None:
    section = section_of(provider)

    assert [name for name in module_of(provider).METHODS if f"`{name}`" not in section] == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_secrets_shown_have_the_fields_that_can_be_set(provider: str) -> None:
    example = re.search(r"```json\n(.+?)\n```", section_of(provider), re.DOTALL)
    assert example
    shown = set(json.loads(example[1]))

    fields = msgspec.structs.fields(module_of(provider).SECRETS)

    assert shown <= {field.encode_name for field in fields}
    assert {field.encode_name for field in fields if field.required} <= shown


def test_the_events_to_subscribe_to_at_stripe_are_those_that_are_read() -> None:
    rows = re.findall(r"^\| (`.+`) \|", section_of("stripe"), re.MULTILINE)

    assert sorted(name for row in rows for name in re.findall(r"`(.+?)`", row)) == sorted(READERS)
