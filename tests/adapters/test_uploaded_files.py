"""Uploaded files: read in ranges, one state of them, or told that they are another's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import IncompleteReadError, ReadTimeoutError

from scrip.adapters import uploaded_files
from scrip.adapters.uploaded_files import UploadedFiles
from scrip.domain.errors import FileReplaced, StoreUnavailable
from scrip.wiring.clients import storage_client
from tests.adapters.faults import Faults, refused
from tests.in_memory import UPLOADS, InMemory
from tests.spreadsheet import spreadsheet

KEY = "uploads/demo/0a1b"


@pytest.fixture
def files(cloud: InMemory) -> Iterator[UploadedFiles]:
    yield UploadedFiles(storage_client(), UPLOADS)
    boto3.client("s3").delete_object(Bucket=UPLOADS, Key=KEY)


def put(content: bytes) -> None:
    boto3.client("s3").put_object(Bucket=UPLOADS, Key=KEY, Body=content)


def test_a_file_is_read_in_ranges(files: UploadedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploaded_files, "RANGE_BYTES", 10)
    monkeypatch.setattr(uploaded_files, "BLOCK_BYTES", 4)
    content = bytes(range(25))
    put(content)

    file = files.find("demo", "0a1b")

    assert file is not None
    for _ in range(2):
        blocks = list(file.blocks())
        assert b"".join(blocks) == content
        assert max(map(len, blocks)) == 4


def test_a_small_file_is_asked_for_once(files: UploadedFiles, met: Faults) -> None:
    put(b"A-1")
    file = files.find("demo", "0a1b")
    assert file is not None

    assert [list(file.blocks()) for _ in range(3)] == [[b"A-1"]] * 3
    assert met.count("GetObject") == 1


def test_a_spreadsheet_is_read_from_a_copy(files: UploadedFiles, met: Faults) -> None:
    put(spreadsheet(["A-1", "11"]))
    file = files.find("demo", "0a1b")
    assert file is not None

    assert [list(file.sheet()) for _ in range(2)] == [[["A-1", "11"]]] * 2
    assert met.count("GetObject") == 1


def test_no_file_is_none(files: UploadedFiles) -> None:
    assert files.find("demo", "nobody") is None


@pytest.mark.parametrize("now", [b"another", None])
def test_a_file_that_was_replaced_or_went_is_not_read(
    files: UploadedFiles, now: bytes | None
) -> None:
    put(b"A-1")
    file = files.find("demo", "0a1b")
    assert file is not None
    if now is None:
        files.delete("demo", "0a1b")
    else:
        put(now)

    with pytest.raises(FileReplaced):
        list(file.blocks())


class Cut:
    def read(self) -> bytes:
        raise IncompleteReadError(actual_bytes=1, expected_bytes=3)


def test_an_answer_that_breaks_off_is_asked_for_again(files: UploadedFiles, met: Faults) -> None:
    put(b"A-1")
    file = files.find("demo", "0a1b")
    assert file is not None
    met.plan("GetObject", lambda _: {"Body": Cut()}, ReadTimeoutError(endpoint_url="s3"))

    assert list(file.blocks()) == [b"A-1"]
    assert met.count("GetObject") == 3


def test_what_never_comes_whole_is_given_up_for_now(files: UploadedFiles, met: Faults) -> None:
    put(b"A-1")
    file = files.find("demo", "0a1b")
    assert file is not None
    met.plan("GetObject", *[lambda _: {"Body": Cut()}] * 9)

    with pytest.raises(StoreUnavailable):
        list(file.blocks())


@pytest.mark.parametrize("operation", ["HeadObject", "GetObject"])
def test_a_refusal_is_a_bug(files: UploadedFiles, met: Faults, operation: str) -> None:
    put(b"A-1")
    met.plan(operation, refused("AccessDenied"))

    with pytest.raises(Exception, match="AccessDenied"):
        list(files.find("demo", "0a1b").blocks())  # type: ignore[union-attr]


def test_a_result_is_rows_and_reasons(files: UploadedFiles) -> None:
    files.put_result("demo", "0a1b", iter([(2, "empty code"), (9, "blank")]))

    found: Any = boto3.client("s3").get_object(Bucket=UPLOADS, Key="results/demo/0a1b.csv")
    assert found["Body"].read() == b"row,reason\n2,empty code\n9,blank\n"
    assert found["ContentType"].startswith("text/csv")
