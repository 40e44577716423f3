"""KMS: small secrets wrapped under the customer's key, told apart by encryption context.

Unwrapped values are cached per instance for a while, so that KMS calls do not grow with orders.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from botocore.exceptions import ClientError

from scrip.adapters.aws import AwsClient, ask, code_of
from scrip.domain.code import DataKey
from scrip.domain.errors import SealBroken

CACHE_SECONDS = 300
CACHE_ENTRIES = 500
DATA_KEY_BYTES = 32

Context = dict[str, str]


def context_of(purpose: str, merchant_id: str, **names: str) -> Context:
    """What a sealed value is bound to. `purpose`: codes, index, order-token or gateway."""
    return {"purpose": purpose, "merchant": merchant_id, **names}


class _Cached(NamedTuple):
    plain: bytes
    until: float


class Keys:
    """Seals and opens under one key of KMS. Naming it when opening, too, refuses what another key
    sealed, even one that this function might use."""

    def __init__(
        self,
        client: AwsClient,
        key_arn: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self.key_arn = key_arn
        self.clock = clock
        self._cache: dict[tuple[bytes, frozenset[tuple[str, str]]], _Cached] = {}

    def new_data_key(self, context: Context) -> DataKey:
        answer = ask(
            self.client.generate_data_key,
            KeyId=self.key_arn,
            NumberOfBytes=DATA_KEY_BYTES,
            EncryptionContext=context,
        )
        return DataKey(answer["CiphertextBlob"], answer["Plaintext"])

    def new_sealed_key(self, context: Context) -> bytes:
        """A data key that nobody has seen yet."""
        answer = ask(
            self.client.generate_data_key_without_plaintext,
            KeyId=self.key_arn,
            NumberOfBytes=DATA_KEY_BYTES,
            EncryptionContext=context,
        )
        sealed: bytes = answer["CiphertextBlob"]
        return sealed

    def seal(self, plain: bytes, context: Context) -> bytes:
        """At most 4096 bytes."""
        answer = ask(
            self.client.encrypt, KeyId=self.key_arn, Plaintext=plain, EncryptionContext=context
        )
        sealed: bytes = answer["CiphertextBlob"]
        return sealed

    def open(self, sealed: bytes, context: Context) -> bytes:
        """Raises SealBroken when it was not sealed under this context."""
        name = (sealed, frozenset(context.items()))
        cached = self._cache.get(name)
        if cached and cached.until > self.clock():
            return cached.plain
        try:
            answer = ask(
                self.client.decrypt,
                KeyId=self.key_arn,
                CiphertextBlob=sealed,
                EncryptionContext=context,
            )
        except ClientError as error:
            if code_of(error) in ("InvalidCiphertextException", "IncorrectKeyException"):
                raise SealBroken(context["purpose"]) from error
            raise
        if len(self._cache) >= CACHE_ENTRIES:
            self._cache.clear()
        self._cache[name] = _Cached(answer["Plaintext"], self.clock() + CACHE_SECONDS)
        plain: bytes = answer["Plaintext"]
        return plain
