"""From what somebody asked for, as files and words, to a check, and back: logs, policies, kept notes.

Shared by `python -m audit.verify` and `regent audit verify`, so that both mean the same.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.verify.checkpoints import Malformed
from audit.verify.notes import split_note
from audit.verify.sources import Archive, Folder, Source, Unreadable
from audit.verify.terms import Entries, Terms
from audit.verify.trust import read_policy
from audit.verify.verdict import Report
from audit.verify.web import Web

_SPAN = re.compile(r"([1-9][0-9]{0,8})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Unusable(ValueError):
    """What was asked for cannot be read: a file is missing or is not what it should be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for.

    Attributes:
        policy: a tlog-policy file.
        since: files kept earlier: signed checkpoints, or writers' heads as JSON.
        receipts: files of receipts, one a line, or folders of such files.
        require_witness: as in `Terms`.
        max_age: a span such as `10m`.
        entries: as in `Terms`.
        deep: as in `Terms`.
    """

    policy: Path | None = None
    since: tuple[Path, ...] = ()
    receipts: tuple[Path, ...] = ()
    require_witness: bool = False
    max_age: str | None = None
    entries: Entries = Entries.REGENT
    deep: bool = False

    def terms(self, **more: Any) -> Terms:
        """Return the terms of the check; `more` goes to `Terms` as it is.

        Raises:
            Unusable: when a file or a span is not what it should be.
        """
        notes: list[bytes] = []
        heads: dict[str, Any] | None = None
        for path in self.since:
            data = _read(path, "kept checkpoint")
            if data[:1] == b"{":
                heads = _heads(data, path)
                continue
            try:
                split_note(data)
            except Malformed as error:
                raise Unusable(f"{path} is no kept head and no kept checkpoint: {error}") from error
            notes.append(data)
        try:
            policy = read_policy(_read(self.policy, "policy")) if self.policy else None
        except Malformed as error:
            raise Unusable(f"the policy in {self.policy} cannot be used: {error}") from error
        given = _receipts(self.receipts) if self.receipts else None
        return Terms(
            policy=policy,
            kept=tuple(notes),
            heads=heads,
            receipts=tuple(given.values()) if given is not None else None,
            receipts_at=tuple(given) if given is not None else (),
            require_witness=self.require_witness,
            max_age_s=span_s(self.max_age) if self.max_age else None,
            entries=self.entries,
            deep=self.deep,
            **more,
        )


def open_log(target: str, token: str | None = None) -> Source:
    """Return the log at an address, in a folder or in an archive.

    Raises:
        Unreadable: when there is none.
    """
    if target.startswith(("http://", "https://")):
        return Web(target, token)
    path = Path(target)
    if path.is_dir():
        return Folder(path)
    if path.is_file():
        return Archive(path)
    raise Unreadable(f"{target} is no folder, no archive and no address")


def save_evidence(report: Report, path: Path) -> str:
    """Write the evidence of a fork, if there is any; return what to tell about it."""
    if not report.evidence:
        return ""
    try:
        path.write_text(report.evidence, encoding="utf-8")
    except OSError as error:
        return f"the evidence cannot be written to {path}: {error.strerror}\n"
    return f"both signed statements are in {path}\n"


def span_s(text: str) -> int:
    """Return the seconds of a span such as `90s`, `10m`, `24h`, `7d`.

    Raises:
        Unusable: when it is none.
    """
    found = _SPAN.fullmatch(text)
    if not found:
        raise Unusable(f"{text!r} is no span such as 90s, 10m, 24h or 7d")
    return int(found.group(1)) * _SECONDS[found.group(2)]


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Unusable(f"the {what} in {path} cannot be read: {error.strerror}") from error


def _heads(data: bytes, path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"the kept head in {path} cannot be read: it is no JSON") from error
    if not isinstance(kept, dict):
        raise Unusable(f"the kept head in {path} is no JSON object")
    return kept


def _receipts(paths: tuple[Path, ...]) -> dict[str, str]:
    """Return the lines of receipts by where they stand: `FILE:LINE`."""
    lines: dict[str, str] = {}
    for path in paths:
        files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        for file in files:
            text = _read(file, "receipts").decode(errors="replace")
            lines |= {f"{file}:{row}": line for row, line in enumerate(text.split("\n"), 1) if line.strip()}
    return lines
