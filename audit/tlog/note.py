"""Signed notes: a text and lines that say who signed it (C2SP signed-note).

Opening follows golang.org/x/mod: lines of unknown keys are ignored, a line of a known key that does not
verify refuses the whole note, repeats are ignored, and more than 100 lines are too many. Knows no file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from typing_extensions import override

from audit.errors import TlogRefused
from audit.tlog.cosignature import cosign, verify_cosignature
from audit.tlog.forms import base64, is_clean, is_key_name, unbase64
from audit.tlog.keys import KeyType, SigningKey, VerifierKey

MAX_LINES = 100
_DASH = "\N{EM DASH} "
_ID_BYTES = 4


class NoteRefused(TlogRefused):
    """The note does not count.

    Codes: `note.malformed`, `note.unverified` (no known key signed), `note.signature` (a known key's line
    does not verify), `note.ambiguous_key` (a line fits two of the known keys), `note.timestamp` (a key that
    states a time was asked to sign without one).
    """


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note.

    Attributes:
        name: name of the key.
        id: the key's four bytes.
        value: what follows the id; its form depends on the type of the key.
    """

    name: str
    id: bytes
    value: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read one line, without its newline.

        Raises:
            NoteRefused: `note.malformed`.
        """
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        body = unbase64(encoded)
        if not line.startswith(_DASH) or not is_key_name(name) or body is None or len(body) <= _ID_BYTES:
            raise NoteRefused("note.malformed", "a line under the text is no signature")
        return cls(name, body[:_ID_BYTES], body[_ID_BYTES:])

    @override
    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64(self.id + self.value)}\n"

    @property
    def label(self) -> str:
        """`name+id` of the key."""
        return f"{self.name}+{self.id.hex()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signature lines, not verified: nothing in it may be believed.

    Attributes:
        text: with its last newline.
        signatures: in order, repeats included.
    """

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Take a note apart.

        Raises:
            NoteRefused: `note.malformed`.
        """
        text, lines = _split(data)
        if len(lines) > MAX_LINES:
            raise NoteRefused("note.malformed", f"a note has at most {MAX_LINES} signatures")
        return cls(text, tuple(map(Signature.parse, lines)))

    def __bytes__(self) -> bytes:
        return "\n".join((self.text, "".join(map(str, self.signatures)))).encode()


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A text that at least one known key signed.

    Attributes:
        text: with its last newline.
        verified: the key and the line of each known key that signed, in order.
        unverified: lines of unknown keys, in order.
    """

    text: str
    verified: tuple[tuple[VerifierKey, Signature], ...]
    unverified: tuple[Signature, ...]

    def signature_of(self, key: VerifierKey) -> Signature | None:
        """Return the verified line of `key`, if it signed."""
        return next((line for known, line in self.verified if known == key), None)


def open_note(data: bytes, keys: Iterable[VerifierKey]) -> OpenedNote:
    """Verify a note by the keys one knows.

    Raises:
        NoteRefused: `note.malformed`, `note.unverified`, `note.signature`, `note.ambiguous_key`.
    """
    note = Note.parse(data)
    known: dict[tuple[str, bytes], list[VerifierKey]] = {}
    for key in keys:
        known.setdefault((key.name, key.id), []).append(key)
    verified: dict[tuple[str, bytes], tuple[VerifierKey, Signature]] = {}
    unverified: dict[Signature, None] = {}
    for line in note.signatures:
        place = (line.name, line.id)
        if place in verified:
            continue
        match known.get(place, []):
            case []:
                unverified[line] = None
            case [key]:
                if not signed_by(key, note.text, line.value):
                    raise NoteRefused("note.signature", f"the signature of {key.label} does not verify")
                verified[place] = key, line
            case _:
                raise NoteRefused("note.ambiguous_key", f"two of the known keys are {line.label}")
    if not verified:
        raise NoteRefused("note.unverified", "no known key signed the note")
    return OpenedNote(note.text, tuple(verified.values()), tuple(unverified))


def text_of(data: bytes) -> str:
    """Return the text of a note whose signature lines are not looked at: to ask whose it claims to be.

    Raises:
        NoteRefused: `note.malformed`.
    """
    return _split(data)[0]


def signed_by(key: VerifierKey, text: str, value: bytes) -> bool:
    """Tell whether `value` is the key's signature over `text`, in the form of the key's type."""
    if key.type is KeyType.ED25519:
        return key.verifies(text.encode(), value)
    return verify_cosignature(key, text, value)


def sign_line(text: str, key: SigningKey, timestamp: int | None = None) -> Signature:
    """Return the line by which `key` signs `text`.

    Args:
        text: with its last newline; for keys of type 0x04 and 0x06, a checkpoint.
        timestamp: seconds since the epoch; needed by keys of type 0x04 and 0x06, unused by 0x01.

    Raises:
        NoteRefused: `note.malformed`, `note.timestamp`.
        CheckpointRefused: when a cosigning key is given another text.
        CosignatureRefused: when a name is too long for type 0x06.
    """
    _checked(text)
    if key.type is KeyType.ED25519:
        value = key.sign(text.encode())
    elif timestamp is None:
        raise NoteRefused("note.timestamp", f"{key.verifier.label} signs with a time")
    else:
        value = cosign(key, text, timestamp)
    return Signature(key.name, key.verifier.id, value)


def sign_note(text: str, keys: Sequence[SigningKey], timestamp: int | None = None) -> bytes:
    """Return the note of `text` with a line of each key, in order.

    Raises:
        NoteRefused: `note.malformed`, `note.timestamp`.
        CheckpointRefused: when a cosigning key is given another text.
        CosignatureRefused: when a name is too long for type 0x06.
    """
    if not 0 < len(keys) <= MAX_LINES:
        raise NoteRefused("note.malformed", f"a note has between 1 and {MAX_LINES} signatures")
    return bytes(Note(_checked(text), tuple(sign_line(text, key, timestamp) for key in keys)))


def with_lines(data: bytes, lines: Iterable[Signature]) -> bytes:
    """Return the note with more lines under it; those that are there already are not repeated.

    Raises:
        NoteRefused: `note.malformed`, also for more than 100 lines.
    """
    note = Note.parse(data)
    merged = tuple(dict.fromkeys((*note.signatures, *lines)))
    if len(merged) > MAX_LINES:
        raise NoteRefused("note.malformed", f"a note has at most {MAX_LINES} signatures")
    return bytes(Note(note.text, merged))


def _split(data: bytes) -> tuple[str, list[str]]:
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise NoteRefused("note.malformed", "a note is UTF-8") from error
    text, gap, under = whole.rpartition("\n\n")
    if not gap or not under.endswith("\n"):
        raise NoteRefused("note.malformed", "a note is a text, an empty line and signature lines")
    return _checked(text + "\n"), under[:-1].split("\n")


def _checked(text: str) -> str:
    if not text.endswith("\n") or not is_clean(text.replace("\n", "")):
        raise NoteRefused("note.malformed", "a text has whole lines and no control characters")
    return text
