"""Calls to AWS through botocore, with its failures told apart: ask again, or a bug."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from scrip.domain.errors import StoreUnavailable

NO_ANSWER = (HTTPClientError, NoConnection)
"""botocore's two families of a request that got no answer: refused or timed out while connecting is
not of the first."""

AwsClient = Any
"""A botocore client. Its methods are made at run time, so there is no type to name."""

BUSY_CODES = frozenset(
    {
        "InternalServerError",
        "InternalServiceError",
        "InternalError",
        "InternalFailure",
        "KMSInternalException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)

BUSY_REASONS = frozenset(
    {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}
)
"""Why a transaction was cancelled, where asking again may help."""


def ask(method: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """Call a client's method. Raises StoreUnavailable where asking again may help.

    Other ClientErrors pass through: a caller handles the ones that carry meaning, the rest are
    bugs (a missing permission, a malformed expression).
    """
    try:
        answer: dict[str, Any] = method(**parameters)
    except ClientError as error:
        if code_of(error) in BUSY_CODES:
            raise StoreUnavailable(code_of(error)) from error
        raise
    except NO_ANSWER as error:
        raise StoreUnavailable(type(error).__name__) from error
    return answer


def code_of(error: ClientError) -> str:
    code: str = error.response.get("Error", {}).get("Code", "")
    return code
