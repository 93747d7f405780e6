"""C2SP signed notes: keys, signature lines, Ed25519 (0x01), cosignatures (0x04) and ML-DSA-44 (0x06).

The `cryptography` package checks the signatures. Without it, or with one that has no ML-DSA, keys of the
missing kinds stay unchecked, and whoever asks is told so. Knows nothing of logs beyond a checkpoint's text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from struct import pack
from typing import Any

from audit.verify.checkpoints import Malformed, read_checkpoint, strict_base64

ED25519, COSIGNATURE, MLDSA44 = 0x01, 0x04, 0x06
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
_PUBLIC_BYTES = {ED25519: 32, COSIGNATURE: 32, MLDSA44: 1312}
_SIGNATURE_BYTES = {ED25519: 64, COSIGNATURE: 8 + 64, MLDSA44: 8 + 2420}
_DASH = "\N{EM DASH} "
_ASYMMETRIC = "cryptography.hazmat.primitives.asymmetric"
_SPACE = 0x20


class Refused(ValueError):
    """The note is well formed, but a known key's signature does not verify, or no known key signed."""


@dataclass(frozen=True, slots=True)
class Key:
    """A verifier key: who signs, the four bytes that say so, the kind of signature, the public key."""

    name: str
    id: bytes
    kind: int
    public: bytes

    @property
    def title(self) -> str:
        """Name and id, as people compare them."""
        return f"{self.name}+{self.id.hex()}"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that verified: whose, and for cosignatures when (seconds since 1970, else None)."""

    key: Key
    time: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose signatures by known keys verified.

    Attributes:
        text: what was signed.
        signed: by which of the known keys.
        unchecked: known keys whose lines could not be checked on this machine.
        unknown: number of signature lines of keys that are not known.
    """

    text: str
    signed: tuple[Signed, ...]
    unchecked: tuple[Key, ...]
    unknown: int


def read_key(text: str) -> Key:
    """Return the key written as `<name>+<id>+<base64 of kind and public key>`.

    Raises:
        Malformed: when it is none, its id is not the one of its bytes, or its kind is not known here.
    """
    name, _, rest = text.partition("+")
    key_id, _, material = rest.partition("+")
    data = strict_base64(material)
    if not is_name(name) or not data:
        raise Malformed("it is no verifier key")
    kind, public = data[0], data[1:]
    if len(public) != _PUBLIC_BYTES.get(kind):
        raise Malformed(f"no key of kind {kind:#04x} with {len(public)} bytes is known here")
    found = sha256(name.encode() + b"\n" + data).digest()[:4]
    if key_id != found.hex():
        raise Malformed("the key's id is not that of its bytes")
    return Key(name, found, kind, public)


def is_name(text: str) -> bool:
    """Tell whether `text` can be a key's name: not empty, no space of any kind, no plus, no control."""
    return bool(text) and not any(char.isspace() or char == "+" or char < " " for char in text)


def open_note(data: bytes, keys: Iterable[Key]) -> Note:
    """Return the text of a note and who signed it.

    Every line of a known key is checked, a second one too; one that fails condemns the whole note.

    Args:
        data: the note.
        keys: the known keys.

    Raises:
        Malformed: when it is no signed note.
        Refused: when a known key's signature is wrong, or no known key's line is there.
    """
    known: dict[tuple[str, bytes], Key] = {}
    for key in keys:
        if (key.name, key.id) in known:
            raise Refused(f"{key.title} stands for more than one known key")
        known[key.name, key.id] = key
    text, lines = split_note(data)
    signed: list[Signed] = []
    unchecked: list[Key] = []
    unknown = 0
    for name, value in lines:
        found = known.get((name, value[:4]))
        if found is None:
            unknown += 1
        elif not can_check(found.kind):
            unchecked.append(found)
        else:
            one = Signed(found, check_signature(found, text, value[4:]))
            if all(other.key != found for other in signed):
                signed.append(one)
    if not signed and not unchecked:
        raise Refused("it is signed by none of the known keys")
    return Note(text, tuple(signed), tuple(unchecked), unknown)


def split_note(data: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text and the signature lines as (name, id and signature). Nothing is verified.

    Raises:
        Malformed: when it is no signed note.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise Malformed("the note is larger than any that is read here")
    try:
        whole = data.decode()
    except UnicodeDecodeError:
        raise Malformed("the note is not UTF-8") from None
    if any(byte < _SPACE and byte != ord("\n") for byte in data):
        raise Malformed("the note has control characters")
    text, gap, signatures = whole.rpartition("\n\n")
    if not gap or not signatures.endswith("\n"):
        raise Malformed("the note has no text, an empty line and signature lines after it")
    lines = signatures[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Malformed(f"the note has more than {MAX_SIGNATURES} signatures")
    return text + "\n", [_split_line(line) for line in lines]


def _split_line(line: str) -> tuple[str, bytes]:
    name, gap, value = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not gap or not is_name(name):
        raise Malformed("a signature line is a dash, a key's name and base64")
    data = strict_base64(value)
    if len(data) <= 4:  # noqa: PLR2004 - the four bytes of the id, and nothing signed
        raise Malformed("a signature line has no signature")
    return name, data


def check_signature(key: Key, text: str, signature: bytes) -> int | None:
    """Check a signature of a known key, without the id in front; return the time that it states, if any.

    Raises:
        Refused: when it does not verify.
    """
    if len(signature) != _SIGNATURE_BYTES[key.kind]:
        raise Refused(f"the signature of {key.title} has another length than its kind")
    time = None if key.kind == ED25519 else int.from_bytes(signature[:8], "big")
    if time is not None and time >= 1 << 63:
        raise Refused(f"the cosignature of {key.title} states an impossible time")
    try:
        message = _message(key, text, time)
    except Malformed as error:
        raise Refused(f"{key.title} cosigned what is no checkpoint: {error}") from None
    if not _verifies(key, message, signature if time is None else signature[8:]):
        raise Refused(f"the signature of {key.title} does not verify")
    return time


def _message(key: Key, text: str, time: int | None) -> bytes:
    if time is None:
        return text.encode()
    if key.kind == COSIGNATURE:
        return f"cosignature/v1\ntime {time}\n{text}".encode()
    body = read_checkpoint(text)
    return subtree_message(key.name, time, body.origin, (0, body.size), body.root)


def subtree_message(name: str, time: int, origin: str, span: tuple[int, int], root: bytes) -> bytes:
    """Return what an ML-DSA-44 cosigner signs: `cosigned_message` of C2SP tlog-cosignature.

    Raises:
        Malformed: when a name has no place in it.
    """
    who, what = name.encode(), origin.encode()
    if not 0 < len(who) <= 255 or not 0 < len(what) <= 255:  # noqa: PLR2004 - opaque<1..2^8-1>
        raise Malformed("a name in a subtree cosignature has 1 to 255 bytes")
    start, end = span
    sized = bytes([len(who)]) + who + pack(">Q", time) + bytes([len(what)]) + what
    return b"subtree/v1\n\x00" + sized + pack(">QQ", start, end) + root


def can_check(kind: int) -> bool:
    """Tell whether signatures of this kind can be checked on this machine."""
    return _public_key_class(kind) is not None


def _public_key_class(kind: int) -> Any:
    module, name = ("mldsa", "MLDSA44PublicKey") if kind == MLDSA44 else ("ed25519", "Ed25519PublicKey")
    try:
        return getattr(import_module(f"{_ASYMMETRIC}.{module}"), name)
    except (ImportError, AttributeError):
        return None


def _verifies(key: Key, message: bytes, signature: bytes) -> bool:
    invalid: Any = import_module("cryptography.exceptions")
    try:
        _public_key_class(key.kind).from_public_bytes(key.public).verify(signature, message)
    except (invalid.InvalidSignature, invalid.UnsupportedAlgorithm, ValueError):
        return False
    return True
