"""From a key that the auditor trusts to the keys that the log signed with later.

`keys/rotations.notes` holds signed notes, one after another: each says, under an older key, which key is new.
An unbroken chain of them leads from any earlier key to the later ones, under the same name.
"""

from base64 import b64decode
from typing import Any

from audit.verify.checkpoints import Malformed
from audit.verify.notes import COSIGNATURE, Key, Refused, open_note, read_key, split_note

PATH = "keys/rotations.notes"
MAX_BYTES = 4_000_000
_HEADER = "regent.rotation/v1"
_BETWEEN = b"---\n"


def follow(data: bytes, trusted: list[Key], origin: str) -> list[Key]:
    """Return the keys that the notes in a file add to those that are trusted.

    Args:
        data: signed notes, with a line `---` between each two.
        trusted: keys of the log, oldest first.
        origin: name of the log.

    Raises:
        Malformed, Refused: at the first note that is none, that the key before it has not signed, or that
            leads nowhere.
    """
    known, last = list(trusted), None
    for data_of in data.split(b"\n" + _BETWEEN):
        note = data_of if data_of.endswith(b"\n") else data_of + b"\n"
        new, is_trusted = _next(note, known, last, origin)
        if is_trusted and new not in known:
            known.append(new)
        last = new
    if last not in known:
        raise Refused("it leads to a key that is not known")
    return known[len(trusted) :]


def _next(note: bytes, known: list[Key], last: Key | None, origin: str) -> tuple[Key, bool]:
    """Return the key that a note names, and whether one that is trusted has signed it.

    A file may begin with changes that came before the first key that is trusted. They prove nothing; but
    each of them must be signed by the key that the one before it names.
    """
    try:
        return read_rotation(note, known, origin), True
    except Refused:
        if last is not None:
            return read_rotation(note, [last], origin), False
        return _named(split_note(note)[0], origin), False


def read_rotation(data: bytes, known: list[Key], origin: str) -> Key:
    """Return the key that a rotation note names, signed by one of the known keys.

    Raises:
        Malformed, Refused: when it is no rotation of this log.
    """
    return _named(open_note(data, known).text, origin)


def _named(text: str, origin: str) -> Key:
    lines = text.split("\n")
    if len(lines) != 4 or lines[0] != _HEADER or lines[3]:  # noqa: PLR2004 - three lines, each with its newline
        raise Malformed("it is no rotation of a key")
    if lines[1] != origin:
        raise Refused("it rotates the key of another log")
    new = read_key(lines[2])
    if new.name != origin or new.kind == COSIGNATURE:
        raise Refused("the new key has another name, or cannot sign for a log")
    return new


def check_record(record: dict[str, Any], origin: str) -> None:
    """Check the note inside a `key.rotate` record: the old key that it names must have signed the new one.

    Raises:
        Malformed, Refused, KeyError, TypeError, ValueError: when it does not.
    """
    if read_rotation(b64decode(record["note"], validate=True), [read_key(record["old"])], origin) != read_key(
        record["new"]
    ):
        raise Refused("the note names another key than the record")
