"""What template.yaml and its nested stacks say, as plain data. Intrinsics stay readable."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent


class _Loader(yaml.SafeLoader):
    pass


def _intrinsic(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {tag: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def load(name: str = "template.yaml") -> dict[str, Any]:
    text = (ROOT / name).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506 - a subclass of SafeLoader
    return found


def functions() -> dict[str, dict[str, Any]]:
    """Properties of each function by its folder's name."""
    return {
        resource["Properties"]["CodeUri"].removeprefix("functions/"): resource["Properties"]
        for resource in load()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def environment(function: str) -> dict[str, Any]:
    shared: dict[str, Any] = load()["Globals"]["Function"]["Environment"]["Variables"]
    own: dict[str, Any] = functions()[function]["Environment"]["Variables"]
    return shared | own


def routes(function: str) -> set[str]:
    """API Gateway's route keys."""
    events = functions()[function].get("Events", {}).values()
    return {
        f"{event['Properties']['Method']} {event['Properties']['Path']}"
        for event in events
        if event["Type"] == "HttpApi"
    }


def statements(function: str) -> list[dict[str, Any]]:
    """The policy statements of a function's role."""
    role = functions()[function]["Role"]["GetAtt"].removesuffix(".Arn")
    [policy] = load()["Resources"][role]["Properties"]["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found
