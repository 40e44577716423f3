"""Bodies of the merchant's imports of files. None of them can carry a code, in or out."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from scrip.contracts.fields import Milliseconds, Slug
from scrip.contracts.merchant import VariantPath
from scrip.contracts.operation import OPERATOR, Operation
from scrip.domain import errors

ImportId = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z", description="Made when it is opened")]
FileName = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f/]+\Z")]


class ImportPath(Struct):
    """Path of an import."""

    import_id: ImportId


class OpenImport(Struct, forbid_unknown_fields=True):
    """What is going to be uploaded. What is not told is found out from the file."""

    file_name: FileName
    format: Literal["text", "csv", "xlsx"] | None = None
    encoding: Literal["utf-8", "gbk"] | None = None
    separator: Literal["none", "----", "|", "tab", "comma"] | None = None
    dry_run: bool = False


class UploadFormView(Struct):
    """Where to post the file: a multipart form with these fields, and the file last, as `file`."""

    url: str
    fields: dict[str, str]
    expires_in_seconds: int


class ImportView(Struct, kw_only=True):
    """How far an import is. `rows` of `rows_total` are read, blank ones and the header among them;
    of these `taken` are new codes, `duplicates` stood in this file before, `known` came with an
    earlier import, `refused` cannot be taken. Taken codes go on sale together, when it is done."""

    import_id: ImportId
    variant_id: Slug
    file_name: str
    dry_run: bool
    state: Literal["waiting", "checking", "running", "stalled", "done", "failed"]
    rows: int
    rows_total: int | None
    taken: int
    duplicates: int
    known: int
    refused: int
    batch_id: str | None
    problem: str
    created_at_ms: Milliseconds
    started_at_ms: Milliseconds | None
    finished_at_ms: Milliseconds | None
    upload: UploadFormView | None = None
    result_url: str | None = None


class ImportsView(Struct):
    """The newest first."""

    imports: list[ImportView]


IMPORT_OPERATIONS = (
    Operation(
        "POST /v1/merchant/variants/{variant_id}/imports",
        "open_import",
        "Open an import of a file; the answer says where to upload it",
        OPERATOR,
        {200: ImportView},
        path=VariantPath,
        body=OpenImport,
        idempotent=True,
        problems=(errors.VariantUnknown,),
    ),
    Operation(
        "GET /v1/merchant/imports",
        "list_imports",
        "List imports of files, newest first",
        OPERATOR,
        {200: ImportsView},
    ),
    Operation(
        "GET /v1/merchant/imports/{import_id}",
        "read_import",
        "Read how far an import is, and where its result lies",
        OPERATOR,
        {200: ImportView},
        path=ImportPath,
        problems=(errors.ImportUnknown,),
    ),
)
