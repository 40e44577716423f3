"""Check a licence offline: python verify_licence.py licence-keys.json editor < licence.txt"""
import json
import sys
import time
from base64 import urlsafe_b64decode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def decode(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))

def verify(licence, keys, product, now):  # raises if it is forged, of another product or has ended
    version, payload, signature = "".join(licence.split()).split(".")
    said = json.loads(decode(payload))
    [key] = [decode(key["x"]) for key in keys if key["kid"] == said["kid"]]
    Ed25519PublicKey.from_public_bytes(key).verify(decode(signature), decode(payload))
    if version != "SL1" or said["product"] != product or said.get("until", now) < now:
        raise ValueError("not a licence for this product, or it has ended")
    return said

if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(verify(sys.stdin.read(), json.load(file)["keys"], sys.argv[2], time.time()))
