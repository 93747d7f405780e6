"""Keyed digests of payloads: provable later, erasable, and useless to whoever guesses.

`c = "h1:" + base64url(HMAC-SHA-256(nonce, label || 0x00 || bytes))` with 32 random bytes of nonce per
field. A bare SHA-256 of a prompt falls to a dictionary in seconds; with the nonce erased, nobody can
even test a guess, and the leaf never changes. The payload itself never reaches the disk, unless it is to
be sealed: then it is held until its end, and its ciphertext does (`audit.vault.payloads`).
"""

import hmac
import secrets
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from audit.errors import RecordRefused

if TYPE_CHECKING:
    from audit.vault.payloads import Sealing

NONCE_BYTES = 32
MAX_LABEL_BYTES = 15
_SCHEME = "h1:"


class Commitment:
    """An incremental commitment to one field of a record, fed as the payload streams by.

    Args:
        label: name of the field in the record (`req`, `resp`, `input`), 1 to 15 ASCII letters.
        media_type: what the payload is, as the peer declared it.
        sealing: what the payload is to be sealed with, if it is to be kept; it is held in memory until then.

    Raises:
        RecordRefused: `record.label` when the label cannot key a nonce.
    """

    __slots__ = ("_field", "_first", "_held", "_mac", "_media_type", "_size", "label", "nonce", "sealing")

    def __init__(
        self, label: str, media_type: str = "application/json", sealing: "Sealing | None" = None
    ) -> None:
        if not (label.isascii() and label.isalpha() and len(label) <= MAX_LABEL_BYTES):
            raise RecordRefused("record.label", "a label is 1 to 15 ASCII letters")
        self.label = label
        self.nonce = secrets.token_bytes(NONCE_BYTES)
        self._media_type = media_type
        self._mac: hmac.HMAC | None = None
        self._first = b""
        self._size = 0
        self._field: dict[str, Any] | None = None
        self.sealing = sealing
        self._held: list[bytes] = []

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
        if self.sealing is not None:
            self._hold(data, self.sealing.limit)

    def _hold(self, data: bytes, limit: int) -> None:
        """Keep what may be sealed at the end; nothing of what has become too long."""
        if self._size > limit:
            self._held.clear()
        else:
            self._held.append(data)

    def finish(self) -> dict[str, Any]:
        """Return the field `{c, n, mt}`: commitment, number of bytes, media type. Idempotent.

        Of a payload that was to be sealed it says `sealed`, too: true, or false where it was too long.
        """
        if self._field is None:
            mac = self._mac
            digest = mac.digest() if mac else hmac.digest(self.nonce, self._prefix() + self._first, "sha256")
            self._field = {"c": _text(digest), "n": self._size, "mt": self._media_type}
            if self.sealing is not None:
                self._field["sealed"] = self._size <= self.sealing.limit
        return self._field

    def held(self) -> bytes | None:
        """Return the payload if it is to be sealed; None if it isn't, or was too long."""
        if self.sealing is None or self._size > self.sealing.limit:
            return None
        return b"".join(self._held)

    def _prefix(self) -> bytes:
        return self.label.encode() + b"\x00"


def commit(
    label: str, data: bytes, media_type: str = "application/json", sealing: "Sealing | None" = None
) -> Commitment:
    """Return the commitment to a payload that is at hand whole."""
    commitment = Commitment(label, media_type, sealing)
    commitment.update(data)
    return commitment


def opens(c: str, *, nonce: bytes, label: str, data: bytes) -> bool:
    """Tell whether `nonce` and `data` are what was committed to as `c`."""
    digest = hmac.digest(nonce, label.encode() + b"\x00" + data, "sha256")
    return hmac.compare_digest(c, _text(digest))


def _text(digest: bytes) -> str:
    return _SCHEME + urlsafe_b64encode(digest).rstrip(b"=").decode()
