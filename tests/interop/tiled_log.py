"""A second writer of C2SP tlog-tiles logs, from the specification alone; shares no code with `audit`.

It stands in for Regent's sequencer where a test needs a log of an exact size, and makes the spoiled logs
of which the public vectors have none.
"""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ORIGIN: Final = "regent.example/audit/interop"
ED25519: Final = b"\x01"
ML_DSA_44: Final = b"\x06"
PER_TILE: Final = 256


@dataclass(frozen=True)
class TiledLog:
    """A log in a folder.

    Attributes:
        folder: with `checkpoint` and `tile/`.
        vkey: the Ed25519 verifier key.
        leaves: the leaf hash of every entry that the checkpoint covers.
    """

    folder: Path
    vkey: str
    leaves: Sequence[bytes]

    @property
    def size(self) -> int:
        """The number of entries."""
        return len(self.leaves)

    def root(self, size: int) -> bytes:
        """The root over the first `size` entries."""
        return root_of(self.leaves[:size])


class Signer:
    """The log's keys; throw-away ones, the same in each run.

    Args:
        name: the key name, which is the log's origin.
        post_quantum: whether an ML-DSA-44 line follows the Ed25519 one.
    """

    def __init__(self, name: str = ORIGIN, *, post_quantum: bool = False) -> None:
        self._name = name
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(sha256(b"ed25519 " + name.encode()).digest())
        self._ml_dsa = MLDSA44PrivateKey.from_seed_bytes(sha256(b"ml-dsa " + name.encode()).digest())
        self._post_quantum = post_quantum

    @property
    def vkey(self) -> str:
        """The Ed25519 verifier key."""
        public = ED25519 + self._ed25519.public_key().public_bytes_raw()
        return f"{self._name}+{self._id(public).hex()}+{_base64(public)}"

    def sign(self, text: str, size: int, root: bytes, when_s: int = 1_790_000_000) -> str:
        """Make a signed note of a checkpoint's text.

        Args:
            text: as it is to stand before the blank line.
            size: what the ML-DSA line states, as a cosignature does.
            root: the same.
            when_s: its time, in seconds since 1970.
        """
        lines = [
            self._line(
                ED25519 + self._ed25519.public_key().public_bytes_raw(), self._ed25519.sign(text.encode())
            )
        ]
        if self._post_quantum:
            message = cosigned(self._name, when_s, text.split("\n", 1)[0], 0, size, root)
            signature = struct.pack(">Q", when_s) + self._ml_dsa.sign(message)
            lines.append(self._line(ML_DSA_44 + self._ml_dsa.public_key().public_bytes_raw(), signature))
        return f"{text}\n" + "".join(lines)

    def _line(self, public: bytes, signature: bytes) -> str:
        return f"\N{EM DASH} {self._name} {_base64(self._id(public) + signature)}\n"

    def _id(self, public: bytes) -> bytes:
        return sha256(self._name.encode() + b"\n" + public).digest()[:4]


def cosigned(name: str, when_s: int, origin: str, start: int, end: int, root: bytes) -> bytes:
    """The message of an ML-DSA-44 cosignature (C2SP tlog-cosignature)."""
    names = [bytes([len(each)]) + each for each in (name.encode(), origin.encode())]
    return (
        b"subtree/v1\n\0"
        + names[0]
        + struct.pack(">Q", when_s)
        + names[1]
        + struct.pack(">QQ", start, end)
        + root
    )


def write(folder: Path, entries: Sequence[bytes], signer: Signer) -> TiledLog:
    """Write a log whole: bundles, tiles, checkpoint."""
    leaves = [sha256(b"\0" + entry).digest() for entry in entries]
    _files(folder / "tile" / "entries", entries, lambda entry: struct.pack(">H", len(entry)) + entry)
    level, hashes = 0, leaves
    while hashes:
        _files(folder / "tile" / str(level), hashes, bytes)
        full = len(hashes) // PER_TILE * PER_TILE  # a partial tile has no hash above it
        hashes = [root_of(hashes[n : n + PER_TILE]) for n in range(0, full, PER_TILE)]
        level += 1
    root = root_of(leaves)
    text = f"{ORIGIN}\n{len(leaves)}\n{_base64(root)}\n"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint").write_text(signer.sign(text, len(leaves), root), encoding="utf-8")
    return TiledLog(folder, signer.vkey, leaves)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The RFC 6962 root, level by level: an odd last node moves up as it is."""
    if not hashes:
        return sha256(b"").digest()
    while len(hashes) > 1:
        odd = [hashes[-1]] if len(hashes) % 2 else []
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [sha256(b"\1" + left + right).digest() for left, right in pairs] + odd
    return hashes[0]


def path_of(number: int, width: int = PER_TILE) -> str:
    """The path of a tile or bundle below its level."""
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups) + (f".p/{width}" if width < PER_TILE else "")


def _files(folder: Path, items: Sequence[bytes], framed: Callable[[bytes], bytes]) -> None:
    for number, start in enumerate(range(0, len(items), PER_TILE)):
        chunk = items[start : start + PER_TILE]
        path = folder / path_of(number, len(chunk))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(map(framed, chunk)))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
