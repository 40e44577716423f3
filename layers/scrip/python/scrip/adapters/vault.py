"""The vault: one code, one key. Seals codes for a batch and opens them one by one.

A batch has a data key from KMS; a code's key is HKDF-Expand(data key, name) and its seal is
AES-256-GCM with that name as associated data: merchant|variant|batch|index. A name is used for one
plaintext only (an import repeated under the same Idempotency-Key must have the same fingerprint),
so the nonce can be fixed: it never meets the same key twice.

What was shredded leaves a mark that only the vault can make: a batch's is sealed by KMS, a code's
with a key that derives from its name and nothing else uses.
"""

import hmac
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from scrip.adapters.keys import Keys, context_of
from scrip.domain.code import Code, DataKey
from scrip.domain.errors import CodesShredded, SealBroken
from scrip.domain.stock import Batch, SealedCode

NONCE = bytes(12)
KEY_BYTES = 32
TAG_BYTES = 16
SEPARATOR = "\n"
"""Between code, PIN and note: the import refuses it in each."""

SHREDDED = b"shredded:"
"""Before the mark in place of a batch's sealed key. No ciphertext of KMS begins like this."""

MARK_BYTES = 16
"""A code's mark: the seal of nothing. A code is never empty, so none is sealed that short."""


class Vault:
    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def new_key(self, merchant_id: str, variant_id: str, batch_id: str) -> DataKey:
        return self.keys.new_data_key(_context(merchant_id, variant_id, batch_id))

    def key_of(self, batch: Batch) -> DataKey:
        """Raises SealBroken, CodesShredded."""
        if batch.sealed_key.startswith(SHREDDED):
            mark = batch.sealed_key.removeprefix(SHREDDED)
            self.keys.open(mark, shredded_context(batch))
            raise CodesShredded("the batch was shredded")
        context = _context(batch.merchant_id, batch.variant_id, batch.batch_id)
        return DataKey(batch.sealed_key, self.keys.open(batch.sealed_key, context))

    def fingerprint(self, key: DataKey, codes: Sequence[Code]) -> bytes:
        """Recognises the same codes in the same order; says nothing to who has no key."""
        digest = hmac.new(key.plain, b"fingerprint", "sha256")
        for code in codes:
            digest.update(f"{code.code}{SEPARATOR}{code.pin}{SEPARATOR}".encode())
            if code.note:
                digest.update(f"\0{code.note}{SEPARATOR}".encode())
        return digest.digest()[:16]

    def seal(self, key: DataKey, batch: Batch, codes: Sequence[Code]) -> list[SealedCode]:
        """Codes sealed under their place in the batch."""
        return self.seal_at(key, batch, enumerate(codes))

    def seal_at(
        self, key: DataKey, batch: Batch, codes: Iterable[tuple[int, Code]]
    ) -> list[SealedCode]:
        """Codes sealed under these places in the batch. A place takes one plaintext, ever."""
        sealed = []
        for index, code in codes:
            sealed.append(SealedCode(index, seal_named(key, _name(batch, index), code)))
        return sealed

    def sealed_bytes(self, code: Code) -> int:
        """How long its ciphertext is."""
        return len(_plain(code)) + TAG_BYTES

    def open(self, key: DataKey, batch: Batch, sealed: SealedCode) -> Code:
        """Raises SealBroken when it was not sealed under this very name, CodesShredded."""
        return open_named(key, _name(batch, sealed.index), sealed.ciphertext)

    def batch_mark(self, batch: Batch) -> bytes:
        """What stands in place of a shredded batch's key."""
        return SHREDDED + self.keys.seal(SHREDDED, shredded_context(batch))

    def code_mark(self, key: DataKey, batch: Batch, index: int) -> SealedCode:
        """What stands in place of a shredded code."""
        return SealedCode(index, mark_named(key, _name(batch, index)))


def shredded_context(batch: Batch) -> dict[str, str]:
    """A purpose of its own: such a mark opens nothing and cannot pass for a key."""
    return context_of("shredded", batch.merchant_id, variant=batch.variant_id, batch=batch.batch_id)


def seal_named(key: DataKey, name: bytes, code: Code) -> bytes:
    """With a key, a name takes one plaintext, ever."""
    return _cipher(key, name).encrypt(NONCE, _plain(code), name)


def open_named(key: DataKey, name: bytes, ciphertext: bytes) -> Code:
    """Raises SealBroken when it was not sealed under this very name, CodesShredded."""
    if len(ciphertext) == MARK_BYTES:
        if hmac.compare_digest(ciphertext, mark_named(key, name)):
            raise CodesShredded("the code was shredded")
        raise SealBroken("codes")
    try:
        plain = _cipher(key, name).decrypt(NONCE, ciphertext, name)
    except InvalidTag as error:
        raise SealBroken("codes") from error
    return Code(*plain.decode().split(SEPARATOR))


def mark_named(key: DataKey, name: bytes) -> bytes:
    """What stands in place of a code of that name that was shredded."""
    name += b"|shredded"
    return _cipher(key, name).encrypt(NONCE, b"", name)


def _plain(code: Code) -> bytes:
    parts = (code.code, code.pin, code.note, code.url, code.until)
    return SEPARATOR.join(parts).rstrip(SEPARATOR).encode()


def _cipher(key: DataKey, name: bytes) -> AESGCM:
    return AESGCM(HKDFExpand(SHA256(), KEY_BYTES, name).derive(key.plain))


def _name(batch: Batch, index: int) -> bytes:
    return f"{batch.merchant_id}|{batch.variant_id}|{batch.batch_id}|{index}".encode()


def _context(merchant_id: str, variant_id: str, batch_id: str) -> dict[str, str]:
    return context_of("codes", merchant_id, variant=variant_id, batch=batch_id)
