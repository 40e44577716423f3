"""Whose file leaked, told from the file; and a second chance to download."""

from pathlib import Path

import pytest

from tests.admin.operator import Operator
from tests.shop import Reply, Shop

CODES = [f"CODE-{n:04d}" for n in range(40)]


@pytest.fixture
def asked(operator: Operator, acme: Shop) -> Reply:
    """An approved export of 30 codes."""
    second = operator.done("key", "issue", "acme", "--scope", "operator", "--label", "Ben")
    acme.keys["second operator"] = second["secret"]
    acme.stock_up("card", CODES)
    reply = acme.ask_export("card", 30)
    assert acme.export(reply, "approve", key="second operator").status == 200
    return reply


def leaked(folder: Path, text: str) -> str:
    path = folder / "leaked.csv"
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize("key", ["operator", "second operator"])
def test_a_leaked_file_tells_whose_it_was(
    operator: Operator, acme: Shop, asked: Reply, tmp_path: Path, key: str
) -> None:
    file = acme.export(asked, "download", key=key).text
    part = "\n".join(file.splitlines()[2:22])

    found = operator.done("export", "trace", "acme", leaked(tmp_path, part))["found"]

    assert [each["key_id"] for each in found if each["convicts"]] == [acme.keys[key].split("_")[2]]
    assert {each["export_id"] for each in found} == {asked.json["export_id"]}


def test_people_read_a_verdict_and_no_code(
    operator: Operator, acme: Shop, asked: Reply, tmp_path: Path
) -> None:
    file = acme.export(asked, "download").text

    result = operator.run("export", "trace", "acme", leaked(tmp_path, file))

    assert "29 of 29" in result.stdout
    assert result.stdout.count("this person's file") == 1
    assert "CODE-" not in result.output


def test_a_file_of_other_codes_convicts_nobody(
    operator: Operator, asked: Reply, tmp_path: Path
) -> None:
    assert operator.done("export", "trace", "acme", leaked(tmp_path, "OTHER\n")) == {"found": []}


def test_tracing_is_written_down(operator: Operator, asked: Reply, tmp_path: Path) -> None:
    operator.done("export", "trace", "acme", leaked(tmp_path, "OTHER\n"))

    acts = [item["act"] for item in operator.cloud.table("audit").scan()["Items"]]
    assert acts.count("export_traced") == 1


def test_an_export_nobody_downloaded_in_time_is_opened_again(
    operator: Operator, acme: Shop, asked: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrip.domain.export.DOWNLOAD_WITHIN_MS", 60_000)
    export_id = asked.json["export_id"]

    opened = operator.done("export", "reopen", "acme", export_id)

    assert opened["downloads_until_ms"] < asked.json["expires_at_ms"]
    assert acme.export(asked, "download").status == 200
    assert operator.refused("export", "reopen", "acme", "0" * 16)["type"] == "export-unknown"


def test_an_export_that_nobody_approved_is_not_opened(
    operator: Operator, acme: Shop, asked: Reply
) -> None:
    other = acme.ask_export("card", 1)

    error = operator.refused("export", "reopen", "acme", other.json["export_id"])

    assert error["type"] == "export-not-open"
