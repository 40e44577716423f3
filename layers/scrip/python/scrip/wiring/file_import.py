"""What `queue_import_file` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.import_jobs import ImportJobs, Settling
from scrip.adapters.import_queue import ImportQueue
from scrip.adapters.index_keys import IndexKeys
from scrip.adapters.keys import Keys
from scrip.adapters.seen_codes import SeenCodes
from scrip.adapters.stock import Stock
from scrip.adapters.tables import Table
from scrip.adapters.uploaded_files import UploadedFiles
from scrip.adapters.vault import Vault
from scrip.settings import ImportFileSettings, load, on_lambda
from scrip.wiring.clients import client, patient_client, storage_client


@dataclass(frozen=True, slots=True)
class ImportSide:
    jobs: ImportJobs
    settling: Settling
    uploads: UploadedFiles
    stock: Stock
    vault: Vault
    index_keys: IndexKeys
    seen_codes: SeenCodes
    queue: ImportQueue


@cache
def import_side() -> ImportSide:
    settings = load(ImportFileSettings)
    keys = Keys(client("kms"), settings.vault_key_arn)
    jobs = ImportJobs(_table(settings.imports_table))
    seen_codes = SeenCodes(_table(settings.stock_table))
    return ImportSide(
        jobs=jobs,
        settling=Settling(jobs, seen_codes),
        uploads=UploadedFiles(storage_client(), settings.uploads_bucket),
        stock=Stock(_table(settings.stock_table)),
        vault=Vault(keys),
        index_keys=IndexKeys(_table(settings.merchants_table), keys),
        seen_codes=seen_codes,
        queue=ImportQueue(client("sqs"), settings.import_queue_url),
    )


def _table(name: str) -> Table:
    return Table(patient_client("dynamodb"), name)


def warm() -> None:
    if on_lambda():
        import_side()
