"""Earlier checkpoints: those the auditor kept, and those the log published. The tree extends each.

For a whole tree no consistency proof is needed: the root at each earlier size is computed from the entries.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audit.verify.checkpoints import Checkpoint, Malformed, read_checkpoint
from audit.verify.notes import MAX_NOTE_BYTES, Key, Refused, open_note
from audit.verify.sources import Source, Unreadable
from audit.verify.verdict import Report, Verdict

PUBLISHED = "checkpoints"
_NAME = re.compile(rf"{PUBLISHED}/(0|[1-9][0-9]*)\.note")


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier checkpoint: where it is from, its exact bytes, and what it states."""

    title: str
    note: bytes
    checkpoint: Checkpoint


def read_kept(notes: Iterable[bytes], keys: list[Key], report: Report) -> list[Earlier]:
    """Return the checkpoints that the auditor kept, each signed by a key of the log."""
    found: list[Earlier] = []
    for number, note in enumerate(notes, 1):
        title = f"kept checkpoint {number}"
        try:
            checkpoint = read_checkpoint(open_note(note, keys).text)
        except Malformed as error:
            report.add(Verdict.CANNOT_CHECK, title, str(error))
            continue
        except Refused as error:
            report.add(Verdict.CANNOT_CHECK, title, f"{error}: is it of another log?")
            continue
        if checkpoint.origin != report.origin:
            report.add(Verdict.FORKED, title, "it is of another log")
        elif checkpoint.size == 0:
            report.notes.append(f"{title} is of an empty log, which anything extends: it proves nothing")
        else:
            found.append(Earlier(title, note, checkpoint))
    return found


def published_sizes(source: Source) -> list[int]:
    """Return the sizes of the checkpoints that the log keeps beside its tree."""
    names = (_NAME.fullmatch(name) for name in source.names(PUBLISHED))
    return sorted(int(name.group(1)) for name in names if name and len(name.group(1)) < 20)  # noqa: PLR2004


def read_published(source: Source, sizes: Iterable[int], keys: list[Key], report: Report) -> list[Earlier]:
    """Return the published checkpoints of these sizes; each must be signed and be of its size."""
    found: list[Earlier] = []
    for size in sizes:
        title = f"{PUBLISHED}/{size}.note"
        try:
            note = source.read(title, MAX_NOTE_BYTES) or b""
            checkpoint = read_checkpoint(open_note(note, keys).text)
        except Unreadable as error:
            report.add(Verdict.CANNOT_CHECK, title, str(error))
            continue
        except (Malformed, Refused) as error:
            report.add(Verdict.TAMPERED, title, str(error))
            continue
        if (checkpoint.origin, checkpoint.size) != (report.origin, size):
            report.add(Verdict.TAMPERED, title, "it states another origin or size than it is filed under")
        else:
            found.append(Earlier(title, note, checkpoint))
    return found


def compare(earlier: Iterable[Earlier], roots: Mapping[int, bytes], report: Report) -> int:
    """Compare earlier checkpoints with the tree; return how many it really extends.

    Args:
        earlier: the checkpoints.
        roots: the tree's roots at their sizes, as far as they could be computed.
        report: has the checkpoint that is shown now; takes what is wrong, and the evidence.
    """
    extended = 0
    now = report.checkpoint
    for each in earlier:
        then = each.checkpoint
        if now is None:
            continue
        if then.size > now.size:
            what = f"it has {then.size} entries, and the log shows {now.size}: rolled back, or another log"
            _contradict(report, each, what, "rollback")
        elif (now.root if then.size == now.size else roots.get(then.size, then.root)) != then.root:
            what = f"the first {then.size} entries are not those it was signed for: the log has two histories"
            _contradict(report, each, what, "fork")
        elif then.size in roots:
            extended += 1
    return extended


def _contradict(report: Report, each: Earlier, what: str, kind: str) -> None:
    report.add(Verdict.FORKED, each.title, what)
    if not report.evidence:
        then, now = each.note.decode(errors="replace"), report.signed.decode(errors="replace")
        head = f"regent.fork-evidence/v1\n{kind}\n{each.title}: {what}\n"
        report.evidence = f"{head}--- earlier\n{then}--- shown\n{now}"
