"""What a command says when it cannot: one line on stderr, exit code 1, never a traceback.

With `--json` stdout says it too: {"error": {"type", "detail", "outcome", "rows"}}. `outcome` is
`retryable` (nothing was decided, run it again) or `terminal` (again changes nothing).
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

import click
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
)

from scrip.adapters.aws import BUSY_CODES, NO_ANSWER, code_of
from scrip.domain.errors import CodesRefused, RefusedRow, Retryable, ScripError


class Failed(click.ClickException):
    """`slug` names the fact for machines, `detail` tells it; neither may hold a secret."""

    def __init__(
        self, slug: str, detail: str, *, retryable: bool = False, rows: Sequence[RefusedRow] = ()
    ) -> None:
        super().__init__(" ".join(detail.split()))
        self.slug = slug
        self.retryable = retryable
        self.rows = rows

    def show(self, file: IO[Any] | None = None) -> None:
        verdict = "not now, run it again" if self.retryable else "refused"
        for row in self.rows:
            click.echo(f"row {row.row}: {row.reason}", err=True, file=file)
        click.echo(f"scrip-admin: {verdict}: {self.slug}: {self.message}", err=True, file=file)

    def as_json(self) -> str:
        error: dict[str, Any] = {
            "type": self.slug,
            "detail": self.message,
            "outcome": "retryable" if self.retryable else "terminal",
        }
        if self.rows:
            error["rows"] = [{"row": row.row, "reason": row.reason} for row in self.rows]
        return json.dumps({"error": error}, indent=2)


@contextmanager
def told_as_failures() -> Iterator[None]:
    """Expected errors leave as Failed. Anything else is a bug and keeps its traceback."""
    try:
        yield
    except ScripError as error:
        rows = error.rows if isinstance(error, CodesRefused) else ()
        retryable = isinstance(error, Retryable)
        raise Failed(error.slug, error.detail, retryable=retryable, rows=rows) from error
    except ClientError as error:
        code = code_of(error)
        detail = f"{error.operation_name}: {code}: {error.response['Error'].get('Message', '')}"
        raise Failed("aws-refused", detail, retryable=code in BUSY_CODES) from error
    except NO_ANSWER as error:
        raise Failed("aws-unreachable", str(error), retryable=True) from error
    except (NoCredentialsError, ProfileNotFound) as error:
        raise Failed("credentials-missing", str(error)) from error
    except NoRegionError as error:
        raise Failed("region-missing", "name one: --region, or AWS_REGION") from error
    except BotoCoreError as error:
        raise Failed("aws-refused", str(error)) from error
