"""The bucket of uploaded files and of the results of their imports.

Upload    `uploads/<merchant>/<import>`: put there by the merchant itself, gone when it is imported
Result    `results/<merchant>/<import>.csv`: rows and reasons

Codes lie in an upload in plain text: it is the one place where they do, for as long as it takes.
"""

from typing import Any

from scrip.adapters.aws import AwsClient
from scrip.contracts.merchant_imports import UploadFormView
from scrip.domain.code_file import MAX_FILE_BYTES
from scrip.domain.import_job import ENDED, ImportJob, State

UPLOAD_SECONDS = 900
RESULT_SECONDS = 900


class UploadForms:
    """Addresses that carry this function's own right to put one file, or to read one result."""

    def __init__(self, client: AwsClient, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    def upload_form(self, job: ImportJob) -> UploadFormView | None:
        """None for an import that has ended."""
        if job.state in ENDED:
            return None
        made: dict[str, Any] = self.client.generate_presigned_post(
            Bucket=self.bucket,
            Key=upload_key(job.merchant_id, job.import_id),
            Conditions=[["content-length-range", 1, MAX_FILE_BYTES]],
            ExpiresIn=UPLOAD_SECONDS,
        )
        return UploadFormView(made["url"], made["fields"], UPLOAD_SECONDS)

    def result_url(self, job: ImportJob) -> str | None:
        """None until the import is done."""
        if job.state is not State.DONE:
            return None
        url: str = self.client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self.bucket,
                "Key": result_key(job.merchant_id, job.import_id),
            },
            ExpiresIn=RESULT_SECONDS,
        )
        return url


def upload_key(merchant_id: str, import_id: str) -> str:
    return f"uploads/{merchant_id}/{import_id}"


def result_key(merchant_id: str, import_id: str) -> str:
    return f"results/{merchant_id}/{import_id}.csv"
