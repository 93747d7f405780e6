"""The text of a C2SP `tlog-checkpoint`: origin, size, root. Knows no signature; see `notes` for those."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from audit.verify.merkle import HASH_BYTES

LARGEST_SIZE = (1 << 63) - 1
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES = 3


class Malformed(ValueError):
    """What was read does not have the form that its specification gives it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log states with a checkpoint.

    Attributes:
        origin: identity of the log.
        size: number of entries.
        root: root hash of the tree over them.
        extensions: further lines; the specification allows them, and no log monitor can check them.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def read_checkpoint(text: str) -> Checkpoint:
    """Return what the signed text of a checkpoint states.

    Raises:
        Malformed: when it is not exactly of the form that C2SP tlog-checkpoint demands.
    """
    if not text.endswith("\n"):
        raise Malformed("the checkpoint does not end in a newline")
    lines = text[:-1].split("\n")
    if len(lines) < _LINES or "" in lines:
        raise Malformed("a checkpoint is three lines or more, none of them empty")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, decimal(size), read_hash(root), tuple(extensions))


def decimal(text: str) -> int:
    """Return a number below 2^63 written in decimal, without sign and leading zeros.

    Raises:
        Malformed: otherwise.
    """
    if not _SIZE.fullmatch(text) or int(text) > LARGEST_SIZE:
        raise Malformed(f"{text[:30]!r} is no plain decimal number below 2^63")
    return int(text)


def read_hash(text: str) -> bytes:
    """Return the 32 bytes of a hash in base64.

    Raises:
        Malformed: otherwise.
    """
    digest = strict_base64(text)
    if len(digest) != HASH_BYTES:
        raise Malformed(f"a hash has 32 bytes, not {len(digest)}")
    return digest


def strict_base64(text: str) -> bytes:
    """Return the bytes of standard base64 with padding; one value has one spelling only.

    Raises:
        Malformed: otherwise.
    """
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise Malformed("it is no base64") from None
    if b64encode(data).decode() != text:
        raise Malformed("it is not the one base64 spelling of its bytes")
    return data
