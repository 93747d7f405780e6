"""Check a log: its checkpoint, every tile and bundle under it, what was kept of it, and what its records say.

A log has two sides. The merged one (checkpoint, tiles, bundles) is what is signed and shown to everybody; the
logs of its writers are where the records came from, and are at hand in the log's own folder only. Where both
are there, they must agree. Where only the writers' logs are there, nobody has signed anything yet.
"""

import time
from pathlib import Path
from typing import Any

from audit.verify import authority, disclosed, history, manifest, packs, pruned
from audit.verify.beside import ORIGIN, Beside, read_heads, read_origin
from audit.verify.limits import limits
from audit.verify.lint import Lint
from audit.verify.notes import MAX_NOTE_BYTES
from audit.verify.pruned import Floor
from audit.verify.receipts import Receipts
from audit.verify.segments import slots
from audit.verify.sources import Folder, Source, Unreadable
from audit.verify.structure import Structure
from audit.verify.terms import Entries, Terms
from audit.verify.verdict import Report, Verdict

CHECKPOINT = "checkpoint"
_LOOKS = 3
_PAUSE_S = 0.05


def verify(log: Source | Path, terms: Terms | None = None) -> Report:
    """Check a log, or an evidence pack of one.

    Args:
        log: where it is: a live folder, a copy, an archive, an address. Nothing in it is written or locked.
        terms: whom to trust and what to demand; without them, the operator's word is all there is.

    Returns:
        The report; nothing is ever raised for what is wrong with the log.
    """
    terms = terms or Terms()
    source = Folder(log) if isinstance(log, Path) else log
    report = Report()
    try:
        if source.read(manifest.PATH, manifest.MAX_BYTES) is None:
            _check(source, terms, report)
        else:
            packs.check(source, terms, report)
    except Unreadable as error:
        report.add(Verdict.CANNOT_CHECK, "log", str(error))
    except Exception as error:  # noqa: BLE001 - whatever a hostile log brings about, there is a verdict
        what = f"the check failed at something it does not understand: {type(error).__name__}"
        report.add(Verdict.CANNOT_CHECK, "log", what)
    report.unproven += limits(terms, report)
    return report


def head(report: Report) -> dict[str, Any]:
    """Return the heads of a checked log's writers as JSON, to be kept out of the operator's reach."""
    writers = [
        {"writer": each.writer, "size": each.size, "root": each.root} for each in report.heads if each.size
    ]
    return {"format": 1, "origin": report.origin, "writers": writers}


def _check(source: Source, terms: Terms, report: Report) -> None:
    published = history.published_sizes(source)  # first: a live log grows while it is read
    signed = _read_checkpoint(source, published[-1] if published else 0)
    origin = read_origin(source, report)
    if signed is None:
        _check_unsigned(source, origin, terms, report)
        return
    who = authority.establish(source, signed, terms, report)
    note = authority.open_checkpoint(signed, who, report) if who else None
    if who is None or note is None or report.checkpoint is None:
        return
    report.merged = True
    if origin and origin[0] != report.origin:
        report.add(Verdict.TAMPERED, ORIGIN, "it names another log than the checkpoint")
    kept = history.read_kept(terms.kept, who.keys, report)
    ours = history.read_published(source, published, who.keys, report)
    receipts = Receipts(terms.receipts or (), report.origin, who.keys, report, terms.receipts_at)
    if terms.kept or terms.heads is not None:
        report.kept = 0
    marks = [each.checkpoint.size for each in kept + ours]
    floor = pruned.read(source, report.checkpoint.size, report)
    structure = Structure(source, report.checkpoint.size, report, marks, floor)
    _check_entries(source, structure, receipts, terms, report, (origin, floor))
    if structure.root is not None:
        report.checked.append(_entries_of(structure))
        if structure.root != report.checkpoint.root:
            report.add(Verdict.TAMPERED, CHECKPOINT, "its root is not that of the entries")
    compared = history.compare(kept, structure.roots, report)
    if report.kept is not None:
        report.kept += compared
    if ours:
        history.compare(ours, structure.roots, report)
        report.checked.append(f"{len(ours)} checkpoints that the log keeps itself")
    authority.check_witnesses(note, who, terms, report)
    if terms.receipts is not None:
        whole = structure.root is not None
        receipts.finish(authority.seen_us(note, report), whole=whole, now_us=terms.now_us)


def _read_checkpoint(source: Source, published: int) -> bytes | None:
    """Return the checkpoint; of a live log, one that is not behind what it has published already."""
    signed = None
    for _ in range(_LOOKS):
        signed = source.read(CHECKPOINT, MAX_NOTE_BYTES)
        stated = (signed or b"").split(b"\n", 2)[1:2]
        if signed is None or not stated or not stated[0].isdigit() or int(stated[0][:20]) >= published:
            break
        time.sleep(_PAUSE_S)
    return signed


def _check_entries(
    source: Source,
    structure: Structure,
    receipts: Receipts,
    terms: Terms,
    report: Report,
    known: tuple[tuple[str, str] | None, Floor | None],
) -> None:
    """Read the whole tree once, and what its records say; `known` is the origin, and where it begins."""
    origin, floor = known
    shown = disclosed.read(source, report) if terms.deep else None
    lint = _lint(origin, receipts, shown, terms, report, floor) if terms.entries is Entries.REGENT else None
    beside = Beside(source, lint, report, floor) if lint else None
    for batch in structure.batches():
        if receipts.wanted:
            receipts.see_all(batch.leaves)
        if lint:
            for index, entry in enumerate(batch.entries):
                lint.entry(batch.first + index, entry, batch.leaves[index])
        report.records += len(batch.entries)
        terms.progress(report.records, structure.size)
    if lint and beside:
        unmerged = beside.finish()
        if unmerged:
            what = "records of the writers are not merged yet, and no checkpoint has them"
            report.notes.append(f"{unmerged} {what}")
        lint.finish()
    report.pruned = structure.begins
    if lint:
        lint.prunings.finish(structure.begins, report)
    elif structure.begins:
        what = f"entries 0 to {structure.begins - 1} are gone, and without records nothing vouches for that"
        report.add(Verdict.INCOMPLETE, "tile/entries", what)
    if shown:
        shown.finish()


def _entries_of(structure: Structure) -> str:
    first, size = structure.begins, structure.size
    if not first:
        return f"all {size} entries, every tile over them, and the root"
    what = f"entries {first} to {size - 1}, the hashes of the {first} that were pruned"
    return f"{what}, every tile over them, and the root"


def _check_unsigned(source: Source, origin: tuple[str, str] | None, terms: Terms, report: Report) -> None:
    """Check the writers' logs of a folder that has no checkpoint."""
    writers = slots(source.folder) if source.folder else []
    if not writers or terms.policy or terms.kept or terms.receipts or terms.require_witness:
        what = "there is no checkpoint, and nothing else that could be held to what is asked"
        report.add(Verdict.CANNOT_CHECK, CHECKPOINT, what)
    elif source.folder and any((source.folder / name).exists() for name in ("tile", history.PUBLISHED)):
        report.add(Verdict.INCOMPLETE, CHECKPOINT, "it is missing, and there are tiles or earlier ones")
    if origin is None:
        if not report.found:
            report.add(Verdict.CANNOT_CHECK, ORIGIN, "there is none")
        return
    report.origin = origin[0]
    if terms.heads is not None:
        report.kept = 0
    lint = _lint(origin, None, None, terms, report)
    report.records = Beside(source, lint, report).finish()
    lint.finish()
    report.notes.append("these are the logs of single writers: nothing was merged and signed yet")


def _lint(
    origin: tuple[str, str] | None,
    receipts: Receipts | None,
    shown: disclosed.Disclosed | None,
    terms: Terms,
    report: Report,
    floor: Floor | None = None,
) -> Lint:
    """Return the check of the records, with what is at hand to hold them to."""
    if origin is None:
        report.notes.append("origin.json is not at hand: records were compared with each other only")
    what = "each record: form, numbers, boots, clocks, trees of writers, ids, requests and their ends"
    report.checked.append(what + (", canonical bytes" if terms.deep else ""))
    return Lint(
        report,
        origin_digest=origin[1] if origin else None,
        kept=read_heads(terms.heads, report),
        receipts=receipts,
        disclosed=shown,
        deep=terms.deep,
        floor=floor,
    )
