"""The operator's page names every alarm, and every command on it exists."""

import re
import shlex

import click

from infra.admin.main import cli
from tests.template import ROOT, load

PAGE = (ROOT / "docs/operations.md").read_text("utf-8")


def commands() -> list[list[str]]:
    """What follows `scrip-admin` in examples and in running text."""
    shown = re.findall(r"^\s*\$? ?scrip-admin (.+)$", PAGE, re.MULTILINE)
    told = re.findall(r"`scrip-admin ([^`]+)`", PAGE)
    return [shlex.split(re.split(r" [<#|] ", line)[0]) for line in shown + told]


def test_every_alarm_is_explained() -> None:
    resources = load("infra/observability.yaml")["Resources"]
    alarms = {name for name, each in resources.items() if each["Type"] == "AWS::CloudWatch::Alarm"}

    explained = {
        name
        for row in PAGE.partition("\n## Alarms\n")[2].partition("\n## ")[0].splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }

    assert alarms == explained


def test_every_command_on_the_page_exists() -> None:
    assert len(commands()) > 15
    for words in commands():
        group = cli.commands[words[0]]
        assert isinstance(group, click.Group)
        command = group.commands[words[1]]
        options = {name for parameter in command.params for name in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


def test_every_link_leads_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }

    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings
