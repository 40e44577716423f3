"""Ed25519: making a merchant's signing keys, signing licences.

A private key is 32 random bytes, so a data key of KMS is one: it is sealed from the start. Ed25519
signatures are deterministic, so the same licence is always the same text.
"""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scrip.adapters.keys import Keys, context_of
from scrip.domain.licence import SigningKey


class Signing:
    def __init__(self, keys: Keys) -> None:
        self.keys = keys

    def new_key(self, merchant_id: str, number: int, from_ms: int) -> SigningKey:
        seed = self.keys.new_data_key(_context(merchant_id, number))
        public = Ed25519PrivateKey.from_private_bytes(seed.plain).public_key().public_bytes_raw()
        return SigningKey(number, public, seed.sealed, from_ms)

    def sign(self, merchant_id: str, key: SigningKey, payload: bytes) -> bytes:
        """64 bytes. Raises SealBroken."""
        seed = self.keys.open(key.sealed, _context(merchant_id, key.number))
        return Ed25519PrivateKey.from_private_bytes(seed).sign(payload)


def _context(merchant_id: str, number: int) -> dict[str, str]:
    return context_of("licence", merchant_id, key=str(number))
