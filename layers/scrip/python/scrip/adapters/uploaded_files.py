"""Uploaded files, read as streams, and the results that are left in their place."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any

from botocore.exceptions import ClientError, IncompleteReadError

from scrip.adapters.aws import AwsClient, ask, code_of
from scrip.adapters.spreadsheets import rows_of
from scrip.adapters.uploads import result_key, upload_key
from scrip.domain.code_file import RawRow
from scrip.domain.errors import FileReplaced, StoreUnavailable

RANGE_BYTES = 2 * 1024 * 1024
BLOCK_BYTES = 256 * 1024
READ_TRIES = 4
GONE = frozenset({"404", "NoSuchKey", "412", "PreconditionFailed"})


@dataclass
class UploadedFile:
    """One state of one object: it reads that, or raises FileReplaced.

    It is asked for in ranges: a stream that waits while codes are written would be cut.
    """

    client: AwsClient
    bucket: str
    key: str
    etag: str
    size: int
    _first: bytes = field(default=b"", repr=False)
    _copy: IO[bytes] | None = field(default=None, repr=False)

    def blocks(self) -> Iterator[bytes]:
        for first in range(0, self.size, RANGE_BYTES):
            content = self._range(first, min(self.size, first + RANGE_BYTES) - 1)
            self._first = self._first or content
            for at in range(0, len(content), BLOCK_BYTES):
                yield content[at : at + BLOCK_BYTES]

    def sheet(self) -> Iterator[RawRow]:
        """The rows of a spreadsheet, which is read from a copy in the temporary folder."""
        if self._copy is None:
            self._copy = TemporaryFile()  # noqa: SIM115 - it lives as long as this
            for block in self.blocks():
                self._copy.write(block)
        self._copy.seek(0)
        return rows_of(self._copy)

    def _range(self, first: int, last: int) -> bytes:
        if first == 0 and self._first:
            return self._first  # a file is begun to be read several times

        def read() -> dict[str, Any]:
            answer = self.client.get_object(
                Bucket=self.bucket,
                Key=self.key,
                Range=f"bytes={first}-{last}",
                IfMatch=self.etag,
            )
            return {"content": answer["Body"].read()}

        content: bytes = _again(read)["content"]
        return content


def _again(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The SDK repeats a request, but not the reading of its answer."""
    for left in reversed(range(READ_TRIES)):
        try:
            return ask(read)
        except ClientError as error:
            if code_of(error) in GONE:
                raise FileReplaced("the upload is another one now, or gone") from error
            raise
        except (IncompleteReadError, StoreUnavailable) as error:
            if not left:
                raise StoreUnavailable(type(error).__name__) from error
    raise AssertionError("unreachable")


class UploadedFiles:
    def __init__(self, client: AwsClient, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def find(self, merchant_id: str, import_id: str) -> UploadedFile | None:
        key = upload_key(merchant_id, import_id)
        try:
            head = ask(self.client.head_object, Bucket=self.bucket, Key=key)
        except ClientError as error:
            if code_of(error) in GONE:
                return None
            raise
        return UploadedFile(self.client, self.bucket, key, head["ETag"], head["ContentLength"])

    def put_result(self, merchant_id: str, import_id: str, rows: Iterable[tuple[int, str]]) -> None:
        """Rows of a file and what became of them. The same again makes the same."""
        with TemporaryFile() as file:
            file.write(b"row,reason\n")
            file.writelines(f"{row},{reason}\n".encode() for row, reason in rows)
            file.seek(0)
            ask(
                self.client.put_object,
                Bucket=self.bucket,
                Key=result_key(merchant_id, import_id),
                Body=file,
                ContentType="text/csv; charset=utf-8",
            )

    def delete(self, merchant_id: str, import_id: str) -> None:
        ask(self.client.delete_object, Bucket=self.bucket, Key=upload_key(merchant_id, import_id))
