"""Sealing and opening: what it asks of KMS, and how fast it is beside AWS's own library."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from aws_encryption_sdk import Algorithm, CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from aws_encryption_sdk.key_providers.raw import RawMasterKeyProvider

from scrip.adapters.keys import Keys
from scrip.adapters.vault import Vault
from scrip.domain.code import Code
from scrip.domain.stock import Batch, SealedCode
from scrip.wiring.clients import client
from tests.bench.deployment import Deployment, Progress
from tests.shop import Shop

CODES = 10_000
ROUNDS = 50
ROUND_CODES = 1000
UNITS = 2
"""Of an order line: its codes are opened with one asking for their batch's key."""

SDK_CODES = 100
"""Of a round. Short rounds in turn: some of each meet a quiet moment of the machine."""

_Answer = TypeVar("_Answer")

CONTEXT = {"merchant": "demo", "variant": "bench-vault", "batch": "0a1b2c3d4e"}


def measure(deployed: Deployment, shop: Shop, progress: Progress) -> dict[str, float]:
    """Keys: `vault.*`. Codes of 20 symbols."""
    codes = [Code(f"{n:020}") for n in range(CODES)]
    progress(f"vault: {CODES} codes of a batch sealed, opened one by one")
    calls = kms_calls(deployed, codes)
    progress(
        f"vault: {ROUNDS} rounds of {ROUND_CODES} codes, and {SDK_CODES} by aws-encryption-sdk"
    )
    ours, theirs = codes[:ROUND_CODES], codes[:SDK_CODES]
    rounds = [(*seconds_per_code(ours), *sdk_seconds_per_code(theirs)) for _ in range(ROUNDS)]
    # Of each the best round: what else runs on the machine can only make one slower.
    seal, open_, sdk_seal, sdk_open = (min(times) for times in zip(*rounds, strict=True))
    return {
        "vault.kms_calls_per_10k_codes": calls * 10_000 / CODES,
        "vault.codes_per_second": round((sdk_seal + sdk_open) / (seal + open_), 1),
        "vault.seal_us": round(seal * 1e6, 2),
        "vault.open_us": round(open_ * 1e6, 2),
        "vault.sdk_seal_us": round(sdk_seal * 1e6, 1),
        "vault.sdk_open_us": round(sdk_open * 1e6, 1),
    }


def kms_calls(deployed: Deployment, codes: Sequence[Code]) -> int:
    """Two processes, as an import and the buyers' reveals are: neither knows what the other has."""
    with deployed.meter.counting_all_threads() as tally:
        importing, revealing = (
            Vault(Keys(client("kms"), os.environ["VAULT_KEY_ARN"])) for _ in range(2)
        )
        key = importing.new_key("demo", CONTEXT["variant"], CONTEXT["batch"])
        batch = batch_under(key.sealed)
        sealed = importing.seal(importing.key_of(batch), batch, codes)
        opened = [revealing.open(revealing.key_of(batch), batch, each) for each in sealed]
    assert opened == codes
    return sum(count for name, count in tally.requests.items() if name.startswith("kms:"))


def seconds_per_code(codes: Sequence[Code]) -> tuple[float, float]:
    """Sealing, opening. The data key is in the cache, as it is for all codes but the first."""
    vault = Vault(Keys(KeyService(), ""))
    key = vault.new_key("demo", CONTEXT["variant"], CONTEXT["batch"])
    batch = batch_under(key.sealed)

    def open_line(line: Sequence[SealedCode]) -> list[Code]:
        key = vault.key_of(batch)
        return [vault.open(key, batch, each) for each in line]

    sealed, sealing = timed(lambda: vault.seal(vault.key_of(batch), batch, codes))
    opened, opening = timed(lambda: [code for line in lines_of(sealed) for code in open_line(line)])
    assert opened == codes
    return sealing / len(codes), opening / len(codes)


class RawKey(RawMasterKeyProvider):  # type: ignore[misc]
    """A raw AES keyring, by the name it has in the library without its optional keyring package."""

    provider_id = "bench"

    def _get_raw_key(self, key_id: bytes) -> Any:
        return WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
            wrapping_key=bytes(range(32)),
            wrapping_key_type=EncryptionKeyType.SYMMETRIC,
        )


def lines_of(sealed: Sequence[SealedCode]) -> list[Sequence[SealedCode]]:
    return [sealed[at : at + UNITS] for at in range(0, len(sealed), UNITS)]


def sdk_seconds_per_code(codes: Sequence[Code]) -> tuple[float, float]:
    """The same with aws-encryption-sdk, in its cheapest way that commits to the key: unsigned."""
    sdk = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    ring = RawKey()
    ring.add_master_key("bench")
    some = [code.code.encode() for code in codes]

    def seal(number: int, plain: bytes) -> bytes:
        sealed: bytes
        sealed, _ = sdk.encrypt(
            source=plain,
            key_provider=ring,
            algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
            encryption_context={**CONTEXT, "index": str(number)},
        )
        return sealed

    sealed, sealing = timed(lambda: [seal(number, plain) for number, plain in enumerate(some)])
    opened, opening = timed(
        lambda: [sdk.decrypt(source=each, key_provider=ring)[0] for each in sealed]
    )
    assert opened == some
    return sealing / len(some), opening / len(some)


def batch_under(sealed_key: bytes) -> Batch:
    return Batch(
        merchant_id=CONTEXT["merchant"],
        variant_id=CONTEXT["variant"],
        batch_id=CONTEXT["batch"],
        sealed_key=sealed_key,
        fingerprint=bytes(16),
        codes=CODES,
        known=frozenset(),
        published=True,
        created_at_ms=0,
    )


class KeyService:
    """Stands in for KMS where only our own time is measured: one data key, from memory."""

    def generate_data_key(self, **_: object) -> dict[str, bytes]:
        return {"CiphertextBlob": b"sealed", "Plaintext": bytes(32)}

    def decrypt(self, **_: object) -> dict[str, bytes]:
        return {"Plaintext": bytes(32)}


def timed(act: Callable[[], _Answer]) -> tuple[_Answer, float]:
    """What it answers, and the CPU seconds of this thread that it took."""
    started = time.thread_time()
    answer = act()
    return answer, time.thread_time() - started
