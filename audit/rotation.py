"""A new key for the log, signed in by the old one, which is then gone.

Each step can be repeated: a rotation that broke off is finished by the next call. `keys/rotations.notes`
holds signed notes, one after another with a line `---` between, so that whoever trusts an old key finds the
new one; `keys/retired.vkeys` holds the public halves of the old ones.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from audit import files
from audit.errors import LogDamaged, TlogRefused
from audit.keys import LogKeys, read_secret, secret_path
from audit.record import Record, key_rotate
from audit.tlog.keys import KeyRefused, KeyType, SigningKey, VerifierKey
from audit.tlog.note import open_note, sign_note

NOTES = "keys/rotations.notes"
RETIRED = "keys/retired.vkeys"
_NEXT = "log.key-next"
_BETWEEN = b"---\n"
_FORM = "regent.rotation/v1"
_LINES = 4  # the last one is empty


@dataclass(frozen=True, slots=True)
class Rotation:
    """A change of keys that was prepared and is not in force yet.

    Attributes:
        record: says it in the log; must be durable before `enforce`.
        old: the key that goes.
        new: the key that comes.
        note: in which the old key names the new one.
    """

    record: Record
    old: SigningKey
    new: SigningKey
    note: bytes


def prepare(folder: Path, origin: str) -> Rotation:
    """Make the next Ed25519 key, or take the one that an earlier call has made, and sign it in.

    Args:
        folder: the log.
        origin: its name.

    Raises:
        LogUnavailable: `log.no_key`. LogDamaged: `log.key`. OSError: a file can't be read or written.
    """
    old = LogKeys.read(folder, origin).ed25519
    path = folder / "keys" / _NEXT
    if not path.exists():
        made = SigningKey.generate(origin)
        files.create(path, made.private_text().encode() + b"\n")
    new = read_secret(path, origin, KeyType.ED25519)
    if new is None:
        raise LogDamaged("log.key", f"{path} has gone")
    note = sign_note(f"{_FORM}\n{origin}\n{new.verifier}\n", [old])
    record = key_rotate(str(old.verifier), str(new.verifier), base64.b64encode(note).decode())
    return Rotation(record, old, new, note)


def enforce(folder: Path, rotation: Rotation) -> None:
    """Put the new key in the place of the old one, and forget the old secret.

    Raises:
        OSError: a file can't be written; a repeated call finishes what is missing.
    """
    _add(folder / NOTES, rotation.note, _BETWEEN)
    _add(folder / RETIRED, f"{rotation.old.verifier}\n".encode(), b"")
    files.replace(folder / "log.vkey", f"{rotation.new.verifier}\n".encode())
    (folder / "keys" / _NEXT).replace(secret_path(folder))
    files.sync_folder(folder / "keys")


def retired(folder: Path) -> list[VerifierKey]:
    """Return the public halves of the keys that the log signed with before, oldest first.

    Raises:
        LogDamaged: `log.key`: the file holds something else.
        OSError: it can't be read.
    """
    try:
        return [
            VerifierKey.parse(line) for line in (folder / RETIRED).read_text(encoding="utf-8").splitlines()
        ]
    except FileNotFoundError:
        return []
    except (UnicodeDecodeError, KeyRefused) as error:
        raise LogDamaged("log.key", f"{folder / RETIRED} holds no verifier keys") from error


def between(notes: Iterable[bytes]) -> bytes:
    """Return signed notes as `keys/rotations.notes` holds them."""
    return _BETWEEN.join(notes)


def follow(first: VerifierKey, notes: Iterable[bytes]) -> list[VerifierKey]:
    """Return the keys of a log from its first one on, each signed in by the one before.

    Raises:
        LogDamaged: `log.key`: a note is not signed by the key before it, or names none of this log.
    """
    keys = [first]
    for note in notes:
        try:
            lines = open_note(note, [keys[-1]]).text.split("\n")
            if lines[:2] != [_FORM, first.name] or len(lines) != _LINES:
                raise LogDamaged("log.key", "a change of keys is of another log")
            keys.append(VerifierKey.parse(lines[2]))
        except TlogRefused as error:
            raise LogDamaged("log.key", "a change of keys isn't signed by the key before") from error
    return keys


def _add(path: Path, data: bytes, between: bytes) -> None:
    before = path.read_bytes() if path.exists() else b""
    if not before.endswith(data):
        files.replace(path, before + (between if before else b"") + data)
