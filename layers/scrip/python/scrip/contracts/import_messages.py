"""Messages of the import queue: S3 tells of an upload, or an import of itself. Ids only."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

import msgspec

UPLOADS = "uploads"


class FileUploaded(msgspec.Struct, forbid_unknown_fields=True):
    """Import a file, or go on importing it."""

    merchant_id: str
    import_id: str

    @property
    def facts(self) -> dict[str, str]:
        """For the log."""
        return msgspec.structs.asdict(self)


class _Object(msgspec.Struct):
    key: str


class _Bucket(msgspec.Struct):
    object: _Object


class _Record(msgspec.Struct):
    s3: _Bucket


class _Message(msgspec.Struct):
    """What S3 sends, what we send, and the test that S3 sends when it is set up."""

    Records: list[_Record] = []
    merchant_id: str = ""
    import_id: str = ""
    Event: str = ""


def encode_message(message: FileUploaded) -> str:
    return msgspec.json.encode(message).decode()


def read_messages(event: dict[str, Any]) -> Iterator[tuple[str, Callable[[], FileUploaded]]]:
    """Each upload's message id and how to decode it. S3's test of its connection tells nothing."""
    for record in event["Records"]:
        body = record["body"].encode()
        try:
            message = msgspec.json.decode(body, type=_Message)
        except msgspec.MsgspecError as error:
            yield record["messageId"], partial(_raise, error)
            continue
        if message.Event:
            continue
        if not message.Records:
            yield record["messageId"], partial(msgspec.json.decode, body, type=FileUploaded)
        for each in message.Records:
            yield record["messageId"], partial(_uploaded, each.s3.object.key)


def _uploaded(key: str) -> FileUploaded:
    folder, merchant_id, import_id = unquote_plus(key).split("/")
    if folder != UPLOADS:
        raise LookupError("not an upload")
    return FileUploaded(merchant_id, import_id)


def _raise(error: Exception) -> FileUploaded:
    raise error
