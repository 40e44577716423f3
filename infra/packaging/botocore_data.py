"""Cuts botocore's data down to the services in use.

Every cold start parses these files; docs/decisions/0002 has what that costs.
"""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

SERVICES = {"dynamodb", "kms", "s3", "sesv2", "sqs", "sts"}
"""Services whose API descriptions stay, by their folders: the other 400 are most of botocore."""

ENDPOINTS = {"dynamodb", "streams.dynamodb", "kms", "email", "s3", "sqs", "sts"}
"""The same services by the names of endpoints.json (SES answers to `email`)."""


def trim_botocore(data: Path) -> None:
    """Leave what the clients in use read: signing, endpoints and operations stay the same."""
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in SERVICES:
            shutil.rmtree(folder)
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {k: v for k, v in services.items() if k in ENDPOINTS}
    (data / "endpoints.json").write_text(_compact(endpoints))
    for examples in data.glob("*/*/examples-1.json*"):
        examples.unlink()
    for packed in data.glob("*/*/service-2.json.gz"):
        description = json.loads(gzip.decompress(packed.read_bytes()))
        parameters = description.get("clientContextParams", {})
        description = without_documentation(description)
        if parameters:  # S3 has some, and botocore wants their texts
            emptied = {name: each | {"documentation": ""} for name, each in parameters.items()}
            description["clientContextParams"] = emptied
        packed.with_suffix("").write_text(_compact(description))
        packed.unlink()


def without_documentation(node: Any) -> Any:
    """The text goes; a member that is called `documentation` is a mapping, and stays."""
    if isinstance(node, list):
        return [without_documentation(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: without_documentation(value)
        for key, value in node.items()
        if not (key == "documentation" and isinstance(value, str))
    }


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
