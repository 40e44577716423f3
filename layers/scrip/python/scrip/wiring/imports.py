"""What `api_serve_imports` needs."""

from dataclasses import dataclass
from functools import cache

from scrip.adapters.catalogue import Catalogue
from scrip.adapters.import_jobs import ImportJobs
from scrip.adapters.index_keys import IndexKeys
from scrip.adapters.keys import Keys
from scrip.adapters.merchants import Merchants
from scrip.adapters.uploads import UploadForms
from scrip.settings import ImportsSettings, load, on_lambda
from scrip.wiring.clients import client, storage_client, table


@dataclass(frozen=True, slots=True)
class ImportsSide:
    merchants: Merchants
    catalogue: Catalogue
    index_keys: IndexKeys
    jobs: ImportJobs
    uploads: UploadForms


@cache
def imports_side() -> ImportsSide:
    settings = load(ImportsSettings)
    merchants = table(settings.merchants_table)
    return ImportsSide(
        merchants=Merchants(merchants),
        catalogue=Catalogue(table(settings.catalogue_table)),
        index_keys=IndexKeys(merchants, Keys(client("kms"), settings.vault_key_arn)),
        jobs=ImportJobs(table(settings.imports_table)),
        uploads=UploadForms(storage_client(), settings.uploads_bucket),
    )


def warm() -> None:
    if on_lambda():
        imports_side()
