"""What a payment provider or a supplier wants to hear once its callback was taken."""

from typing import NamedTuple


class Acknowledgement(NamedTuple):
    """The answer that stops it from sending the callback again."""

    status: int
    content_type: str
    body: bytes
