"""The functions as `make deploy` would ship them, built to run on this machine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.local.deploy import load_template
from infra.packaging.build import ROOT, build, folder_of
from tests.bench.runtime_emulator import FunctionPackage

_PLACEHOLDER = "placeholder"
_KINDS = {"AWS::Serverless::Function": "functions", "AWS::Serverless::LayerVersion": "layers"}


def build_functions(into: Path, target: str) -> dict[str, FunctionPackage]:
    """Build every layer and function of the template into `into`; keyed by function folder name.

    `target` is the packaging's: `arm64`, `x86_64` or `host`. The environment is the template's,
    with parameters at their defaults and a placeholder for what only a deployment knows.
    """
    template = load_template(ROOT / "template.yaml")
    found: dict[str, list[str]] = {"functions": [], "layers": []}
    for logical_id, resource in template["Resources"].items():
        if kind := _KINDS.get(resource["Type"]):
            build(logical_id, into / logical_id, target)
            found[kind].append(logical_id)
    layers = tuple(into / logical_id for logical_id in found["layers"])
    return {
        folder_of(logical_id): FunctionPackage(
            into / logical_id, layers, environment_of(logical_id, template)
        )
        for logical_id in found["functions"]
    }


def environment_of(logical_id: str, template: Mapping[str, Any]) -> dict[str, str]:
    """A function's variables, its own over the global ones."""
    own = template["Resources"][logical_id]["Properties"]
    variables: dict[str, Any] = {}
    for properties in (template.get("Globals", {}).get("Function", {}), own):
        variables |= properties.get("Environment", {}).get("Variables", {})
    return {name: _value(value, template) for name, value in variables.items()}


def _value(value: Any, template: Mapping[str, Any]) -> str:
    if not isinstance(value, dict):
        return str(value)
    parameter = template.get("Parameters", {}).get(value.get("Ref"), {})
    return str(parameter.get("Default", _PLACEHOLDER))
