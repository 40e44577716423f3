"""What the bodies of imports say of the domain, and what they ask of it."""

from collections.abc import Sequence

from scrip.contracts.merchant_imports import ImportsView, ImportView, OpenImport, UploadFormView
from scrip.domain.code_file import GB18030, UTF8, Asked, Format
from scrip.domain.import_job import ImportJob, Wanted

SEPARATORS = {"none": "", "----": "----", "|": "|", "tab": "\t", "comma": ","}
ENCODINGS = {"utf-8": UTF8, "gbk": GB18030}


def wanted(variant_id: str, body: OpenImport) -> Wanted:
    asked = Asked(
        Format(body.format) if body.format else None,
        ENCODINGS[body.encoding] if body.encoding else None,
        SEPARATORS[body.separator] if body.separator else None,
    )
    return Wanted(variant_id, body.file_name, asked, body.dry_run, currency="")


def import_view(
    job: ImportJob, *, upload: UploadFormView | None = None, result_url: str | None = None
) -> ImportView:
    figures = job.figures
    return ImportView(
        import_id=job.import_id,
        variant_id=job.wanted.variant_id,
        file_name=job.wanted.file_name,
        dry_run=job.wanted.dry_run,
        state=job.state.value,
        rows=figures.rows,
        rows_total=job.plan.rows if job.plan else None,
        taken=figures.taken,
        duplicates=figures.duplicates,
        known=figures.known,
        refused=figures.refused,
        batch_id=job.batch_id if job.batch_id and not job.wanted.dry_run else None,
        problem=job.problem,
        created_at_ms=job.created_at_ms,
        started_at_ms=job.started_at_ms,
        finished_at_ms=job.finished_at_ms,
        upload=upload,
        result_url=result_url,
    )


def imports_view(jobs: Sequence[ImportJob]) -> ImportsView:
    return ImportsView([import_view(job) for job in jobs])
