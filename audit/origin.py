"""Who this log is: `origin.json`, created once, atomically, and never changed; in a database, the same bytes.

Its digest stands in every `writer.open`, so that the name cannot be changed under the records.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from audit.errors import LogDamaged, LogUnavailable
from audit.files import create

FORMAT_VERSION = 1
MAX_NAME_CHARS = 255


@dataclass(frozen=True, slots=True)
class Origin:
    """The log's identity.

    Attributes:
        name: as in a C2SP checkpoint: printable, no spaces, no plus sign.
        digest: `sha256:` and the hex digest of the file's bytes.
    """

    name: str
    digest: str


def settle(folder: Path, name: str, created_us: int) -> Origin:
    """Create the identity of the log in `folder`, or check it against `name`.

    Raises:
        LogUnavailable: `log.cannot_open` when the name is no origin.
        LogDamaged: `log.origin` when the folder holds another log or a format this code does not know.
        OSError: when the folder cannot be written.
    """
    text = document(name, created_us)
    path = folder / "origin.json"
    if not path.exists():
        create(path, text)
    return read(path.read_bytes(), name, path)


def document(name: str, created_us: int) -> bytes:
    """Return the identity of a new log.

    Raises:
        LogUnavailable: `log.cannot_open` when the name is no origin.
    """
    if not _is_name(name):
        raise LogUnavailable(
            "log.cannot_open", "an origin is 1 to 255 printable characters without space or +"
        )
    return orjson.dumps({"created_us": created_us, "format": FORMAT_VERSION, "origin": name})


def read(data: bytes, name: str, where: object) -> Origin:
    """Return the identity that `data` is.

    Args:
        data: what `document` made once.
        name: what the log must be called.
        where: what the data were found in, for the message.

    Raises:
        LogDamaged: `log.origin` when it is another log's or of a format this code does not know.
    """
    try:
        found = orjson.loads(data)
        same = (found["format"], found["origin"]) == (FORMAT_VERSION, name)
    except (ValueError, KeyError, TypeError) as error:
        raise LogDamaged("log.origin", f"{where} is not readable as an origin") from error
    if not same:
        raise LogDamaged("log.origin", f"{where} names another log or another format; wanted {name!r}")
    return Origin(name, "sha256:" + sha256(data).hexdigest())


def _is_name(name: str) -> bool:
    printable = name.isprintable() and not any(char.isspace() or char == "+" for char in name)
    return 0 < len(name) <= MAX_NAME_CHARS and printable
