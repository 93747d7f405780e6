"""Keyed digests of payloads: provable later, erasable, and useless to whoever guesses.

`c = "h1:" + base64url(HMAC-SHA-256(nonce, label || 0x00 || bytes))` with 32 random bytes of nonce per
field. A bare SHA-256 of a prompt falls to a dictionary in seconds; with the nonce erased, nobody can
even test a guess, and the leaf never changes. The payload itself never reaches the disk.
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import Any

from audit.errors import RecordRefused

NONCE_BYTES = 32
MAX_LABEL_BYTES = 15
_SCHEME = "h1:"


class Commitment:
    """An incremental commitment to one field of a record, fed as the payload streams by.

    Args:
        label: name of the field in the record (`req`, `resp`, `input`), 1 to 15 ASCII letters.
        media_type: what the payload is, as the peer declared it.

    Raises:
        RecordRefused: `record.label` when the label cannot key a nonce.
    """

    __slots__ = ("_field", "_first", "_mac", "_media_type", "_size", "label", "nonce")

    def __init__(self, label: str, media_type: str = "application/json") -> None:
        if not (label.isascii() and label.isalpha() and len(label) <= MAX_LABEL_BYTES):
            raise RecordRefused("record.label", "a label is 1 to 15 ASCII letters")
        self.label = label
        self.nonce = secrets.token_bytes(NONCE_BYTES)
        self._media_type = media_type
        self._mac: hmac.HMAC | None = None
        self._first = b""
        self._size = 0
        self._field: dict[str, Any] | None = None

    def update(self, data: bytes) -> None:
        """Add the next bytes of the payload; how they are cut into chunks makes no difference."""
        if self._field is not None:
            raise ValueError("the commitment is finished")
        if self._size == 0:  # most payloads come whole, and one digest costs a third of an object
            self._first = data
        else:
            if self._mac is None:
                self._mac = hmac.new(self.nonce, self._prefix() + self._first, "sha256")
                self._first = b""
            self._mac.update(data)
        self._size += len(data)

    def finish(self) -> dict[str, Any]:
        """Return the field `{c, n, mt}`: commitment, number of bytes, media type. Idempotent."""
        if self._field is None:
            mac = self._mac
            digest = mac.digest() if mac else hmac.digest(self.nonce, self._prefix() + self._first, "sha256")
            self._field = {"c": _text(digest), "n": self._size, "mt": self._media_type}
        return self._field

    def _prefix(self) -> bytes:
        return self.label.encode() + b"\x00"


def commit(label: str, data: bytes, media_type: str = "application/json") -> Commitment:
    """Return the commitment to a payload that is at hand whole."""
    commitment = Commitment(label, media_type)
    commitment.update(data)
    return commitment


def opens(c: str, *, nonce: bytes, label: str, data: bytes) -> bool:
    """Tell whether `nonce` and `data` are what was committed to as `c`."""
    digest = hmac.digest(nonce, label.encode() + b"\x00" + data, "sha256")
    return hmac.compare_digest(c, _text(digest))


def _text(digest: bytes) -> str:
    return _SCHEME + urlsafe_b64encode(digest).rstrip(b"=").decode()
