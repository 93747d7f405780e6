"""Cosignatures: a key's word, with a time, that a checkpoint is consistent (C2SP tlog-cosignature).

Ed25519 (0x04) signs the whole text of the checkpoint; ML-DSA-44 (0x06) signs origin, size and root, or a
subtree. A log signs its own checkpoints by 0x06 as well. Knows no note: a cosignature here is
`timestamp || signature`, without key id.
"""

from audit.errors import TlogRefused
from audit.tlog.checkpoint import Checkpoint, CheckpointRefused
from audit.tlog.forms import HASH_BYTES, SIZE_LIMIT
from audit.tlog.keys import KeyType, SigningKey, VerifierKey
from audit.tlog.tree import is_subtree

TIME_BYTES = 8
SIGNATURE_BYTES = {KeyType.ED25519_COSIGNATURE: 64, KeyType.MLDSA44_COSIGNATURE: 2420}
_SUBTREE = b"subtree/v1\n\0"
_OPAQUE_LIMIT = 0xFF


class CosignatureRefused(TlogRefused):
    """A cosignature cannot be made or read.

    Codes: `cosignature.key` (a key of type 0x01 makes none), `cosignature.timestamp`, `cosignature.length`,
    `cosignature.message` (names longer than 255 bytes, no subtree, a hash of another length).
    """


def cosign(key: SigningKey, text: str, timestamp: int) -> bytes:
    """Return `timestamp || signature` over the text of a checkpoint.

    Args:
        timestamp: seconds since the epoch, for which the key says: the largest consistent tree it has seen.

    Raises:
        CosignatureRefused: any of its codes.
        CheckpointRefused: when the text is no checkpoint.
    """
    signature = key.sign(_message(key.verifier, Checkpoint.parse(text), timestamp))
    return timestamp.to_bytes(TIME_BYTES, "big") + signature


def verify_cosignature(key: VerifierKey, text: str, cosignature: bytes) -> bool:
    """Tell whether `cosignature` is the key's over this text; what is malformed does not verify."""
    try:
        timestamp = timestamp_of(cosignature)
        message = _message(key, Checkpoint.parse(text), timestamp)
    except (CosignatureRefused, CheckpointRefused):
        return False
    return _verifies(key, message, cosignature)


def timestamp_of(cosignature: bytes) -> int:
    """Return the time, in seconds since the epoch, that a cosignature states, verified or not.

    Raises:
        CosignatureRefused: `cosignature.length`, `cosignature.timestamp`.
    """
    if len(cosignature) - TIME_BYTES not in SIGNATURE_BYTES.values():
        raise CosignatureRefused("cosignature.length", "no cosignature has this length")
    return _sane(int.from_bytes(cosignature[:TIME_BYTES], "big"))


def subtree_message(cosigner: str, timestamp: int, origin: str, start: int, end: int, root: bytes) -> bytes:
    """Return what ML-DSA-44 signs (`cosigned_message`); of a checkpoint, start is 0 and end its size.

    Raises:
        CosignatureRefused: `cosignature.timestamp` (not 0 although start is not, or too large),
            `cosignature.message`.
    """
    name, log = cosigner.encode(), origin.encode()
    if not 0 < len(name) <= _OPAQUE_LIMIT or not 0 < len(log) <= _OPAQUE_LIMIT or len(root) != HASH_BYTES:
        raise CosignatureRefused("cosignature.message", "names have 1 to 255 bytes, a hash has 32")
    if not 0 <= start <= end < SIZE_LIMIT or (start and not is_subtree(start, end)):
        raise CosignatureRefused("cosignature.message", f"no subtree from {start} to {end}")
    if start and timestamp:
        raise CosignatureRefused("cosignature.timestamp", "a subtree that starts later has no time")
    return b"".join((
        _SUBTREE,
        bytes([len(name)]),
        name,
        _sane(timestamp).to_bytes(TIME_BYTES, "big"),
        bytes([len(log)]),
        log,
        start.to_bytes(8, "big"),
        end.to_bytes(8, "big"),
        root,
    ))  # fmt: skip


def cosign_subtree(
    key: SigningKey, origin: str, start: int, end: int, root: bytes, timestamp: int = 0
) -> bytes:
    """Return `timestamp || signature` by an ML-DSA-44 key over a subtree.

    Raises:
        CosignatureRefused: any of its codes.
    """
    _mldsa(key.verifier)
    message = subtree_message(key.name, timestamp, origin, start, end, root)
    return timestamp.to_bytes(TIME_BYTES, "big") + key.sign(message)


def verify_subtree_cosignature(
    key: VerifierKey, origin: str, start: int, end: int, root: bytes, cosignature: bytes
) -> bool:
    """Tell whether an ML-DSA-44 key cosigned this subtree; what is malformed does not verify."""
    try:
        _mldsa(key)
        message = subtree_message(key.name, timestamp_of(cosignature), origin, start, end, root)
    except CosignatureRefused:
        return False
    return _verifies(key, message, cosignature)


def _message(key: VerifierKey, checkpoint: Checkpoint, timestamp: int) -> bytes:
    if key.type is KeyType.ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {_sane(timestamp)}\n{checkpoint}".encode()
    _mldsa(key)
    return subtree_message(key.name, timestamp, checkpoint.origin, 0, checkpoint.size, checkpoint.root)


def _verifies(key: VerifierKey, message: bytes, cosignature: bytes) -> bool:
    signature = cosignature[TIME_BYTES:]
    return len(signature) == SIGNATURE_BYTES.get(key.type) and key.verifies(message, signature)


def _mldsa(key: VerifierKey) -> None:
    if key.type is not KeyType.MLDSA44_COSIGNATURE:
        raise CosignatureRefused("cosignature.key", f"keys of type {key.type:#04x} don't sign this")


def _sane(timestamp: int) -> int:
    if not 0 <= timestamp < SIZE_LIMIT:
        raise CosignatureRefused("cosignature.timestamp", "a time is between 0 and 2^63 - 1 seconds")
    return timestamp
