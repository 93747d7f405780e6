"""Check a whole folder: its origin, every writer's log, and what must hold across them."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from audit.verify.verdict import Head, Report, Verdict
from audit.verify.walk import Shared, Walk


def verify(folder: Path, kept: dict[str, Any] | None = None) -> Report:
    """Check the log in `folder`, against a head kept earlier if one is given.

    Args:
        folder: a live log, or a copy of one. Nothing in it is written or locked.
        kept: what `head` returned at an earlier time.

    Returns:
        The report; it never raises for what is wrong with the log.
    """
    report = Report()
    digest = _read_origin(folder, report)
    if digest is None:
        return report
    shared = Shared(digest)
    wanted = _kept_heads(kept, report)
    slots = sorted((folder / "writers").glob("w*"), key=lambda path: (len(path.name), path.name))
    if not slots:
        report.add(Verdict.CANNOT_CHECK, "writers", "there is no record in this folder")
    for slot in slots:
        try:
            Walk(slot, shared, report, wanted.pop(slot.name, [])).check()
        except OSError as error:
            report.add(Verdict.CANNOT_CHECK, slot.name, f"cannot be read: {error.strerror}")
    for name in wanted:
        report.add(Verdict.FORKED, name, "the kept head knows this writer; the folder does not")
    _check_ends(shared, report)
    return report


def head(report: Report) -> dict[str, Any]:
    """Return the heads of a checked log as JSON, to be kept where the operator cannot reach them."""
    writers = [
        {"writer": each.writer, "size": each.size, "root": each.root} for each in report.heads if each.size
    ]
    return {"format": 1, "origin": report.origin, "writers": writers}


def _read_origin(folder: Path, report: Report) -> str | None:
    """Return the digest of origin.json, or None when this is no log that can be checked."""
    try:
        data = (folder / "origin.json").read_bytes()
        found = json.loads(data)
        report.origin, version = str(found["origin"]), found["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        report.add(Verdict.CANNOT_CHECK, "origin.json", f"cannot be read: {type(error).__name__}")
        return None
    if version != 1:
        report.add(Verdict.CANNOT_CHECK, "origin.json", f"format {version!r} is not known here")
        return None
    return "sha256:" + sha256(data).hexdigest()


def _kept_heads(kept: dict[str, Any] | None, report: Report) -> dict[str, list[Head]]:
    """Return the kept heads by writer; a kept head that is none cannot be checked against."""
    if kept is None:
        return {}
    report.kept = 0
    try:
        if kept["format"] != 1 or kept["origin"] != report.origin:
            report.add(Verdict.FORKED, "kept head", "it is of another log")
            return {}
        heads: dict[str, list[Head]] = {}
        for each in kept["writers"]:
            kept_head = Head(str(each["writer"]), int(each["size"]), str(each["root"]))
            heads.setdefault(kept_head.writer, []).append(kept_head)
    except (KeyError, TypeError, ValueError):
        report.add(Verdict.CANNOT_CHECK, "kept head", "it cannot be read")
        return {}
    if any(each.size < 1 for several in heads.values() for each in several):
        report.add(Verdict.CANNOT_CHECK, "kept head", "it names an empty log, which anything extends")
    return heads


def _check_ends(shared: Shared, report: Report) -> None:
    """Each allowed request has one end; only one that a living writer serves may still lack it."""
    for ref, where in shared.early_ends:
        if not shared.allows.pop(ref, None):
            report.add(Verdict.INCOMPLETE, where, "it ends a request that no record in this log allowed")
    still_open = 0
    for key, (writer, boot, index) in shared.allows.items():
        if (writer, boot) in shared.open_boots:
            still_open += 1
        else:
            what = f"request allowed by {key.hex()} has no outcome"
            report.add(Verdict.INCOMPLETE, f"{writer} record {index}", what)
    if still_open:
        report.notes.append(f"{still_open} allowed requests are still open in boots without a close")
