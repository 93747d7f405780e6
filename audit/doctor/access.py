"""Whose the files are and who else can read them; the log's name and its keys."""

from collections.abc import Generator, Iterator
from pathlib import Path

import orjson

from audit.doctor.finding import Finding

_OTHERS = 0o077
_PRIVATE = ("", "writers", "vault", "vault/subjects.db", "keys", "index.db")
_NOTE_KEY = "PRIVATE+KEY+"


def modes(folder: Path) -> Iterator[Finding]:
    """Look at the folders that nobody else may enter, and at what lies in them."""
    owner = folder.stat().st_uid
    places = [folder / name for name in _PRIVATE]
    places += sorted((folder / "writers").glob("w*"))
    for path in places:
        if not path.exists():
            continue
        found = path.stat()
        where = str(path.relative_to(folder))
        if found.st_mode & _OTHERS:
            yield Finding("folder.open", where, f"mode {found.st_mode & 0o7777:04o}")
        if found.st_uid != owner:
            yield Finding("folder.foreign", where, f"user {found.st_uid}, the log is of user {owner}")


def origin(folder: Path) -> Generator[Finding, None, str | None]:
    """Look at the log's name, and return it; None where it can't be read."""
    try:
        return str(orjson.loads((folder / "origin.json").read_bytes())["origin"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Finding("origin.unreadable", "origin.json", str(error))
        return None


def keys(folder: Path, name: str | None) -> Iterator[Finding]:
    """Look at the signing keys, and at the verifier key that auditors are given."""
    for path in sorted((folder / "keys").glob("*")):
        mode = path.stat().st_mode
        if mode & _OTHERS and _is_secret(path):
            yield Finding("key.open", str(path.relative_to(folder)), f"mode {mode & 0o7777:04o}")
    public = folder / "log.vkey"
    if not public.is_file():
        return
    if not (folder / "keys" / "log.key").is_file():
        yield Finding("key.missing", "keys/log.key", "there is none")
    called = public.read_text(encoding="utf-8", errors="replace").partition("+")[0]
    if name is not None and called != name:
        yield Finding("key.other", "log.vkey", f"it is a key of {called!r}, the log is {name!r}")


def _is_secret(path: Path) -> bool:
    if path.suffix == ".key":
        return True
    with path.open("rb") as file:
        return file.read(len(_NOTE_KEY)) == _NOTE_KEY.encode()
