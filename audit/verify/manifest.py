"""`manifest.json` of an evidence pack: which files it has, each with its digest.

The manifest vouches for itself with a digest of its own, in one canonical form only: a pack arrived as it was
made, or it did not. That proves nothing about the log; whoever makes a pack can make another manifest.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from audit.verify.sources import Source
from audit.verify.verdict import Report, Verdict

PATH = "manifest.json"
MAX_BYTES = 64_000_000
FORMAT = "regent.evidence/v1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack says of itself.

    Attributes:
        origin: name of the log.
        size: size of the checkpoint's tree.
        span: first entry and the one behind the last, of a pack of a range; None for single entries.
        files: paths of all other files.
    """

    origin: str
    size: int
    span: tuple[int, int] | None
    files: frozenset[str]


def read(source: Source, report: Report) -> Manifest | None:
    """Return the manifest, its files compared with their digests; None when it is none.

    Raises:
        Unreadable: when a file cannot be read.
    """
    data = source.read(PATH, MAX_BYTES) or b""
    try:
        found = json.loads(data)
        stated = found.pop("digest")
        if found["format"] != FORMAT:
            report.add(Verdict.CANNOT_CHECK, PATH, f"it is no pack of format {FORMAT}")
            return None
        if stated != _digest(canonical(found)) or canonical(found | {"digest": stated}) + b"\n" != data:
            report.add(Verdict.TAMPERED, PATH, "it is not what its own digest says")
            return None
        span = found["range"] and (int(found["range"][0]), int(found["range"][1]))
        made = Manifest(str(found["origin"]), int(found["size"]), span or None, frozenset(found["files"]))
        digests = dict(found["files"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        report.add(Verdict.TAMPERED, PATH, "it is no manifest")
        return None
    _check_files(source, digests, report)
    return made


def canonical(value: dict[str, Any]) -> bytes:
    """Return the one form of a manifest: sorted keys, no spaces, ASCII."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _check_files(source: Source, digests: dict[str, Any], report: Report) -> None:
    here = set(source.names("")) - {PATH}
    for path in sorted(here - digests.keys()):
        report.add(Verdict.TAMPERED, path, "the manifest does not know it")
    for path in sorted(digests.keys() - here):
        report.add(Verdict.INCOMPLETE, path, "the manifest names it, and it is missing")
    for path in sorted(digests.keys() & here):
        found = sha256()
        for chunk in source.chunks(path):
            found.update(chunk)
        if digests[path] != f"sha256:{found.hexdigest()}":
            report.add(Verdict.TAMPERED, path, "it is not the file that the manifest names")
    report.checked.append(f"digests of the pack's {len(digests)} files")


def _digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"
