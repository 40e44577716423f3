"""Writes docs/openapi.json from the contracts: `make openapi`."""

import json
from pathlib import Path

from scrip.contracts.openapi import document

COMMITTED = Path(__file__).parent.parent / "docs" / "openapi.json"


def text() -> str:
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    COMMITTED.write_text(text(), encoding="utf-8")
