"""What the functions did: their AWS requests, by the emulator's CloudTrail, and their logs."""

import json
from collections import Counter
from typing import Any

from infra.local.aws import ROOT_KEY_ID, client

PAGE = 50
"""LookupEvents answers the newest 50 and has no next page: ask again for what is older."""


def function_requests(endpoint: str, since: float, until: float) -> Counter[str]:
    """`dynamodb:GetItem` -> how often a function sent it between two times (time.time()).

    Functions carry other credentials than we do: that tells their requests from ours. Pollers
    (stream, queue, schedule) are inside the emulator and send none, as on AWS they are not ours.
    """
    return Counter(
        f"{event['EventSource'].split('.')[0]}:{event['EventName']}"
        for event in events(endpoint, since, until)
        if event["AccessKeyId"] != ROOT_KEY_ID
    )


def events(endpoint: str, since: float, until: float) -> list[dict[str, Any]]:
    """CloudTrail's events in that time, newest first."""
    trail = client(endpoint, "cloudtrail")
    found: dict[str, dict[str, Any]] = {}
    while True:
        page = trail.lookup_events(StartTime=since, EndTime=until, MaxResults=PAGE)["Events"]
        new = {event["EventId"]: event for event in page if event["EventId"] not in found}
        found |= new
        if len(page) < PAGE or not new:
            return list(found.values())
        until = page[-1]["EventTime"].timestamp()


def function_logs(endpoint: str, since: float = 0.0, function: str = "") -> list[str]:
    """Log lines since a time (time.time()), of one function by its logical id or of all."""
    logs = client(endpoint, "logs")
    lines = []
    for group in logs.describe_log_groups()["logGroups"]:
        if not group["logGroupName"].endswith(f"{function}Log"):
            continue
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"], startTime=int(since * 1000)
        )
        lines += [event["message"] for page in pages for event in page["events"]]
    return lines


def errors_in(lines: list[str]) -> list[str]:
    """One line for each error that a function logged: where, and the exception's last line."""
    found = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") in {"ERROR", "CRITICAL"}:
            exception = str(entry.get("exception", "")).strip().splitlines()
            found.append(f"{entry.get('service')}: {entry.get('message')} {exception[-1:]}")
    return found
