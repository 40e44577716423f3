"""KMS: small secrets wrapped under the customer's key, told apart by encryption context.

Unwrapped values are cached per instance for a while, so that KMS calls do not grow with orders.
"""

from botocore.exceptions import ClientError

from scrip.adapters.aws import AwsClient, ask, code_of
from scrip.adapters.key_cache import KeyCache
from scrip.domain.code import DataKey
from scrip.domain.errors import SealBroken

DATA_KEY_BYTES = 32
MAX_SEALED_BYTES = 4096
"""What KMS seals at once."""

BROKEN = ("InvalidCiphertextException", "IncorrectKeyException")
"""KMS's words for a value that was not sealed under this key and context."""

Context = dict[str, str]


def context_of(purpose: str, merchant_id: str, **names: str) -> Context:
    """What a sealed value is bound to. `purpose`: codes, bought, index, order-token, gateway,
    supplier, reseller, shredded, generation, registry or licence."""
    return {"purpose": purpose, "merchant": merchant_id, **names}


class Keys:
    """Seals and opens under one key of KMS. Naming it when opening, too, refuses what another key
    sealed, even one that this function might use."""

    def __init__(self, client: AwsClient, key_arn: str, cache: KeyCache | None = None) -> None:
        self.client = client
        self.key_arn = key_arn
        self.cache = KeyCache() if cache is None else cache

    def new_data_key(self, context: Context) -> DataKey:
        answer = ask(
            self.client.generate_data_key,
            KeyId=self.key_arn,
            NumberOfBytes=DATA_KEY_BYTES,
            EncryptionContext=context,
        )
        key = DataKey(answer["CiphertextBlob"], answer["Plaintext"])
        self.cache.keep(_name(key.sealed, context), key.plain, uses=0)
        return key

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
        """At most MAX_SEALED_BYTES."""
        answer = ask(
            self.client.encrypt, KeyId=self.key_arn, Plaintext=plain, EncryptionContext=context
        )
        sealed: bytes = answer["CiphertextBlob"]
        return sealed

    def rewrap(self, sealed: bytes, context: Context) -> bytes:
        """The same secret, sealed anew with the newest material of the key, inside KMS.

        Raises SealBroken.
        """
        try:
            answer = ask(
                self.client.re_encrypt,
                CiphertextBlob=sealed,
                SourceKeyId=self.key_arn,
                SourceEncryptionContext=context,
                DestinationKeyId=self.key_arn,
                DestinationEncryptionContext=context,
            )
        except ClientError as error:
            if code_of(error) in BROKEN:
                raise SealBroken(context["purpose"]) from error
            raise
        renewed: bytes = answer["CiphertextBlob"]
        return renewed

    def open(self, sealed: bytes, context: Context) -> bytes:
        """Raises SealBroken when it was not sealed under this context."""
        name = _name(sealed, context)
        kept = self.cache.take(name)
        if kept is not None:
            return kept
        try:
            answer = ask(
                self.client.decrypt,
                KeyId=self.key_arn,
                CiphertextBlob=sealed,
                EncryptionContext=context,
            )
        except ClientError as error:
            if code_of(error) in BROKEN:
                raise SealBroken(context["purpose"]) from error
            raise
        plain: bytes = answer["Plaintext"]
        self.cache.keep(name, plain, uses=1)
        return plain


def _name(sealed: bytes, context: Context) -> tuple[bytes | str, ...]:
    """What a value is kept under: another context must not find it."""
    return (sealed, *context, *context.values())
