"""The example that shows merchants how to check a licence does check it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scrip.contracts.generated import licence_keys_view
from scrip.domain.licence import Licence, SigningKey, payload_of, render
from tests.template import ROOT

EXAMPLE = ROOT / "docs/examples/verify_licence.py"
OURS = {"1": Ed25519PrivateKey.generate(), "2": Ed25519PrivateKey.generate()}
STRANGER = Ed25519PrivateKey.generate()
LICENCE = Licence(
    licence_id="7K2M9Q4XTB3WHD5N",
    key_id="2",
    product_id="editor",
    variant_id="editor-1y",
    holder="buyer@example.com",
    issued_at_ms=1_760_000_000_000,
    until_ms=0,
    features=("pro",),
)


def signed(licence: Licence, by: Ed25519PrivateKey | None = None) -> str:
    payload = payload_of(licence)
    return render(payload, (by or OURS[licence.key_id]).sign(payload))


def check(tmp_path: Path, licence: str, product: str = "editor") -> str:
    """What the example prints; empty if it refuses."""
    keys = [
        SigningKey(int(number), key.public_key().public_bytes_raw(), b"", 0)
        for number, key in OURS.items()
    ]
    published = tmp_path / "licence-keys.json"
    published.write_bytes(msgspec.json.encode(licence_keys_view(keys)))
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(published), product],
        input=licence,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode == 0) == bool(done.stdout)
    return done.stdout


def test_it_reads_a_licence_also_when_a_mail_broke_it(tmp_path: Path) -> None:
    text = signed(LICENCE)
    wrapped = "\n".join(text[at : at + 70] for at in range(0, len(text), 70))

    said = check(tmp_path, wrapped)

    assert json.loads(said.replace("'", '"')) == json.loads(payload_of(LICENCE))
    assert check(tmp_path, signed(replace(LICENCE, key_id="1")))


@pytest.mark.parametrize(
    "licence",
    [
        signed(LICENCE, by=STRANGER),
        signed(LICENCE, by=OURS["1"]),
        signed(LICENCE).replace("SL1", "SL2"),
        signed(replace(LICENCE, until_ms=1_760_000_001_000)),
        render(payload_of(replace(LICENCE, features=("max",))), b"x" * 64),
        "",
    ],
)
def test_it_refuses_what_is_forged_or_has_ended(tmp_path: Path, licence: str) -> None:
    assert check(tmp_path, licence) == ""


def test_it_refuses_a_licence_of_another_product(tmp_path: Path) -> None:
    assert check(tmp_path, signed(LICENCE), product="viewer") == ""


def test_it_is_short_enough_to_be_read() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()

    assert len([line for line in lines if line.strip()]) <= 20
