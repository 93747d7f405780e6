"""From a key that the auditor trusts to the keys that the log signed with later.

`keys/rotations.notes` holds signed notes, one after another: each says, under an older key, which key is new.
An unbroken chain of them leads from any earlier key to the later ones, under the same name.
"""

from base64 import b64decode
from typing import Any

from audit.verify.checkpoints import Malformed
from audit.verify.notes import COSIGNATURE, Key, Refused, open_note, read_key

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
        Malformed, Refused: at the first note that is none, or that no key before it signed.
    """
    known = list(trusted)
    for note in data.split(b"\n" + _BETWEEN):
        text = note if note.endswith(b"\n") else note + b"\n"
        new = read_rotation(text, known, origin)
        if new not in known:
            known.append(new)
    return known[len(trusted) :]


def read_rotation(data: bytes, known: list[Key], origin: str) -> Key:
    """Return the key that a rotation note names, signed by one of the known keys.

    Raises:
        Malformed, Refused: when it is no rotation of this log.
    """
    note = open_note(data, known)
    lines = note.text.split("\n")
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
