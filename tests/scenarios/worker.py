"""A Lambda instance as a process of its own, that can be killed: takes requests, answers them."""

import importlib
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.in_memory import Context
from tests.shop import Reply, http_event

Job = tuple[str, str, dict[str, str], bytes]
"""Method, path, headers, body."""


def serve(jobs: Connection) -> None:
    """Until the other end is closed. Nothing is written but answers: the log has the stream that it
    found when it was imported, so what lies below that is silenced."""
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    while True:
        try:
            job: Job = jobs.recv()
        except (EOFError, ConnectionResetError):
            return
        jobs.send(answer(*job))


def answer(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    function, event = http_event(method, path, headers, body)
    handler: Any = importlib.import_module(f"functions.{function}.handler").handler
    found = handler(event, Context())
    return Reply(found["statusCode"], found["headers"], found["body"])
