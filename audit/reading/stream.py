"""Reads a log's segments from front to back, a megabyte at a time; locks nothing and changes nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from audit import frames
from audit.errors import LogUnavailable

_CHUNK_BYTES = 1 << 20


class Bodies:
    """The records of one segment, as bytes.

    Args:
        file: the segment, at its beginning.

    Attributes:
        read_bytes: how far the reading is.
        left: bytes at the end that are neither a whole record nor zeros written ahead; known at the end.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read_bytes = 0
        self.left = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield each record; stop at the first that is not whole."""
        rest = b""
        while chunk := self._file.read(_CHUNK_BYTES):
            rest += chunk
            whole = 0
            for end, body in frames.scan(rest):
                yield body
                whole = end
            rest = rest[whole:]
            self.read_bytes += len(chunk)
            if len(rest) > 2 * _CHUNK_BYTES:  # no frame is so long
                break
        self.left = len(rest.rstrip(b"\x00"))


def segments(folder: Path) -> dict[str, list[Path]]:
    """Return the segment files of each writer, oldest first.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log.
    """
    if not (folder / "origin.json").is_file():
        raise LogUnavailable("log.cannot_open", f"there is no log in {folder}")
    slots = sorted((folder / "writers").glob("w*"))
    return {slot.name: sorted((slot / "seg").glob("*.log")) for slot in slots}


def events(folder: Path, typ: str) -> Iterator[dict[str, Any]]:
    """Yield the records of one kind, writer by writer, oldest first; what is no record is passed over.

    Raises:
        LogUnavailable: `log.cannot_open` when the folder is no log or can't be read.
    """
    # Anything a caller wrote has its quotes escaped, so nothing else can look like this.
    wanted = orjson.dumps({"typ": typ})[1:-1]
    try:
        for path in (path for paths in segments(folder).values() for path in paths):
            with path.open("rb") as file:
                yield from (orjson.loads(body) for body in Bodies(file) if wanted in body)
    except OSError as error:
        raise LogUnavailable("log.cannot_open", f"cannot read the log: {error}") from error
