"""The logs of single writers in a log's folder, beside the merged one.

They are all there is before the first merge; after it they are a second copy, which must agree.
"""

import json
from hashlib import sha256
from typing import Any

from audit.verify.lint import Lint
from audit.verify.merkle import leaf_hash
from audit.verify.pruned import Floor
from audit.verify.segments import Segments, slots
from audit.verify.sources import Source, Unreadable
from audit.verify.verdict import Head, Report, Verdict

ORIGIN = "origin.json"
MAX_ORIGIN_BYTES = 100_000


class Beside:
    """The writers' own logs, read in step with the merged one.

    Args:
        source: the log; an archive or an address has no writers' logs.
        lint: takes their records.
        report: takes what is wrong with their files.
        floor: where a pruned log begins.
    """

    def __init__(self, source: Source, lint: Lint, report: Report, floor: Floor | None = None) -> None:
        found = slots(source.folder) if source.folder else []
        if floor and floor.trees is None and found:
            found = []
            report.notes.append("the writers' own segments were not compared: nobody says where they begin")
        below = (floor.trees if floor else None) or {}
        self._segments = [Segments(slot, report, below.get(slot.name)) for slot in found]
        self._bodies = {each.name: each.bodies() for each in self._segments}
        self._lint, self._report = lint, report
        for name, bodies in self._bodies.items():
            lint.beside(name, bodies)

    def finish(self) -> int:
        """Check what no merged log has (yet); return the number of such records."""
        absent = sorted(self._lint.writers.keys() - self._bodies.keys())
        if absent and self._segments:
            self._report.notes.append(f"the segments of {', '.join(absent)} are not at hand")
        count = 0
        for segments in self._segments:
            if not self._lint.in_step(segments.name):
                continue
            for body in self._bodies[segments.name]:
                self._lint.unmerged(segments.name, segments.count - 1, body, leaf_hash(body))
                count += 1
        return count


def read_origin(source: Source, report: Report) -> tuple[str, str] | None:
    """Return name and digest of origin.json; None where there is none or it cannot be read as one."""
    try:
        data = source.read(ORIGIN, MAX_ORIGIN_BYTES)
        if data is None:
            return None
        found = json.loads(data)
        name, version = str(found["origin"]), found["format"]
    except (Unreadable, ValueError, KeyError, TypeError, RecursionError) as error:
        report.add(Verdict.CANNOT_CHECK, ORIGIN, f"cannot be read: {type(error).__name__}")
        return None
    if version != 1:
        report.add(Verdict.CANNOT_CHECK, ORIGIN, f"format {str(version)[:20]!r} is not known here")
        return None
    return name, "sha256:" + sha256(data).hexdigest()


def read_heads(kept: dict[str, Any] | None, report: Report) -> dict[str, list[Head]]:
    """Return heads that were kept, by writer; a kept head that is none cannot be checked against."""
    if kept is None:
        return {}
    try:
        if kept["format"] != 1 or kept["origin"] != report.origin:
            report.add(Verdict.FORKED, "kept head", "it is of another log")
            return {}
        heads: dict[str, list[Head]] = {}
        for each in kept["writers"]:
            head = Head(str(each["writer"]), int(each["size"]), str(each["root"]))
            heads.setdefault(head.writer, []).append(head)
    except (KeyError, TypeError, ValueError):
        report.add(Verdict.CANNOT_CHECK, "kept head", "it cannot be read")
        return {}
    if any(each.size < 1 for several in heads.values() for each in several):
        report.add(Verdict.CANNOT_CHECK, "kept head", "it names an empty log, which anything extends")
    return heads
