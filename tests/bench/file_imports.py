"""Importing files: rows a second, memory and write units, at sizes a hundred times apart.

Each file is imported by a process of its own, which stands for an instance of the function. Files
hold codes of 20 symbols with PINs, one row in a hundred a duplicate.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3

from infra.packaging.build import ROOT
from tests.bench.deployment import Deployment, Progress
from tests.file_upload import open_import, upload, view
from tests.shop import Shop

SIZES = (10_000, 100_000)
MILLION = 1_000_000
VARIANT = "bench-file"
SECONDS = 900
"""Of one invocation."""

Figures = dict[str, float]


def measure(deployed: Deployment, shop: Shop, progress: Progress) -> Figures:
    """Keys `import.rows_per_second.<rows>`, `import.peak_mb.<rows>`, `import.file_wcu_per_code`,
    `import.file_cpu_us_per_row` and `import.invocations.<rows>`."""
    return _measure(deployed, shop, progress, SIZES)


def measure_million(deployed: Deployment, shop: Shop, progress: Progress) -> Figures:
    """The same of a million rows."""
    return _measure(deployed, shop, progress, (MILLION,))


def _measure(
    deployed: Deployment, shop: Shop, progress: Progress, sizes: tuple[int, ...]
) -> Figures:
    shop.put_variant(VARIANT)
    figures: Figures = {}
    for rows in sizes:
        progress(f"file import: {rows} rows")
        opened = open_import(shop, VARIANT, key=f"file-{rows}", name="codes.csv")
        event = upload(opened, "".join(_file(rows)).encode())
        runs = list(_runs(deployed, event))
        seen = view(shop, opened)
        assert seen["state"] == "done", seen
        assert seen["taken"] == rows - rows // 100, seen
        seconds = sum(run["seconds"] for run in runs)
        figures |= {
            f"import.rows_per_second.{rows}": round(rows / seconds),
            f"import.peak_mb.{rows}": round(max(run["peak_mb"] for run in runs)),
            f"import.invocations.{rows}": len(runs),
            "import.file_wcu_per_code": round(sum(run["wcu"] for run in runs) / seen["taken"], 4),
            "import.file_cpu_us_per_row": round(
                sum(run["cpu_seconds"] for run in runs) * 1e6 / rows
            ),
        }
        progress(f"file import: {rows} rows, {len(runs)} invocations, {seconds:.0f} s")
    return figures


def _file(rows: int) -> Iterator[str]:
    yield "code,pin\n"
    for row in range(1, rows + 1):
        code = row - 1 if row % 100 == 0 else row
        yield f"{rows:08d}{code:012d},{code % 10_000:04d}\n"


def _runs(deployed: Deployment, event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Invocations, one after the other, until the queue has nothing more to hand over."""
    sqs, url = boto3.client("sqs"), deployed.values["ImportQueueUrl"]
    while True:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.file_import_run", str(SECONDS)],
            input=json.dumps(event),
            env={**os.environ, "PYTHONPATH": f"{ROOT}/layers/scrip/python:{ROOT}"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout.splitlines()[-1])  # after its log
        messages = sqs.receive_message(QueueUrl=url).get("Messages", [])
        if not messages:
            return
        sqs.delete_message(QueueUrl=url, ReceiptHandle=messages[0]["ReceiptHandle"])
        event = {"Records": [{"messageId": "again", "body": messages[0]["Body"]}]}
