"""Evidence packs: a part of a log, to be handed over, with all that its check needs (docs/evidence-pack.md).

`manifest.json` names each file with its digest. A pack of a range has `range.proof`, the hashes of everything
left and right of it; from these and the entries the root of the checkpoint is computed. A pack of single
entries has a `tlog-proof` for each. The digests only say that the pack arrived as it was made: what proves
anything is the checkpoint.
"""

from dataclasses import dataclass

from audit.verify import authority, disclosed, excerpts, history, manifest
from audit.verify.beside import read_heads, read_origin
from audit.verify.checkpoints import Checkpoint, Malformed
from audit.verify.history import Earlier
from audit.verify.lint import Lint
from audit.verify.manifest import Manifest
from audit.verify.notes import MAX_NOTE_BYTES, Note
from audit.verify.receipts import Receipts
from audit.verify.sources import Source
from audit.verify.terms import Entries, Terms
from audit.verify.verdict import Report, Verdict

_MAX_RECEIPT_BYTES = 64_000_000


@dataclass(slots=True)
class _Pack:
    """A pack whose files are those of its manifest, and whose checkpoint is the log's."""

    source: Source
    made: Manifest
    stated: Checkpoint
    who: authority.Authority
    note: Note
    terms: Terms
    report: Report

    @property
    def whole(self) -> bool:
        """Whether every entry of its range is there."""
        return self.made.span is not None and excerpts.LEAVES not in self.made.files


def check(source: Source, terms: Terms, report: Report) -> None:
    """Check a pack: files, checkpoint, proofs, what was kept, and what its records say.

    Raises:
        Unreadable: when a file cannot be read.
    """
    made = manifest.read(source, report)
    if made is None:
        return
    signed = source.read("checkpoint", MAX_NOTE_BYTES)
    if signed is None:
        report.add(Verdict.CANNOT_CHECK, "checkpoint", "the pack has none")
        return
    who = authority.establish(source, signed, terms, report)
    note = authority.open_checkpoint(signed, who, report) if who else None
    stated = report.checkpoint
    if who is None or note is None or stated is None:
        return
    report.merged = True
    if (made.origin, made.size) != (stated.origin, stated.size):
        report.add(Verdict.TAMPERED, manifest.PATH, "it names another log or size than the checkpoint")
    elif made.span and not 0 <= made.span[0] < made.span[1] <= stated.size:
        report.add(Verdict.TAMPERED, manifest.PATH, "its range is not one of the checkpoint's tree")
    else:
        _check(_Pack(source, made, stated, who, note, terms, report))


def _check(pack: _Pack) -> None:
    terms, report, keys = pack.terms, pack.report, pack.who.keys
    kept = history.read_kept(terms.kept, keys, report)
    sizes = history.published_sizes(pack.source)
    published = history.read_published(pack.source, sizes, keys, report)
    if terms.kept or terms.heads is not None:
        report.kept = 0
    own = _own_receipts(pack)
    given = [*(terms.receipts or ()), *own.values()]
    named = terms.receipts_at or tuple(f"receipt {n}" for n, _ in enumerate(terms.receipts or (), 1))
    receipts = Receipts(given, report.origin, keys, report, (*named, *own))
    try:
        roots = _check_entries(pack, {each.checkpoint.size for each in kept + published}, receipts)
        roots |= _follow(pack, [each for each in kept + published if each.checkpoint.size not in roots])
    except Malformed as error:
        report.add(Verdict.TAMPERED, "pack", str(error))
        return
    compared = history.compare(kept, roots, report)
    history.compare(published, roots, report)
    if report.kept is not None:
        report.kept += compared
    for each in kept + published:
        if each.checkpoint.size < pack.stated.size and each.checkpoint.size not in roots:
            what = "nothing in the pack leads from it to the pack's checkpoint"
            report.add(Verdict.CANNOT_CHECK, each.title, what)
    authority.check_witnesses(pack.note, pack.who, terms, report)
    if given:
        receipts.finish(authority.seen_us(pack.note, report), whole=_is_all(pack))


def _check_entries(pack: _Pack, marks: set[int], receipts: Receipts) -> dict[int, bytes]:
    """Check the entries against the checkpoint; return the roots at those sizes that they tell."""
    made, report, roots = pack.made, pack.report, {pack.stated.size: pack.stated.root}
    shown = disclosed.read(pack.source, report) if pack.terms.deep else None
    lint = _lint(pack, receipts, shown) if pack.terms.entries is Entries.REGENT else None
    told: dict[int, bytes] = {}
    if made.span:
        ranged = excerpts.Ranged(pack.source, made.span, pack.stated, marks, hidden=not pack.whole)
        entries, told = ranged.entries(), ranged.roots
    else:
        entries = excerpts.single(pack.source, report.signed, pack.stated)
    total = made.span[1] - made.span[0] if made.span else 0
    for index, entry, leaf in entries:
        receipts.see_all((leaf,))
        if lint:
            (lint.entry if pack.whole else lint.single)(index, entry, leaf)
        report.records += 1
        pack.terms.progress(report.records, max(total, report.records))
    if lint:
        lint.finish()
    if shown:
        shown.finish()
    _say(pack)
    return told | roots


def _lint(pack: _Pack, receipts: Receipts, shown: disclosed.Disclosed | None) -> Lint:
    first, end = pack.made.span or (1, 1)
    origin = read_origin(pack.source, pack.report)
    return Lint(
        pack.report,
        origin_digest=origin[1] if origin else None,
        kept=read_heads(pack.terms.heads, pack.report) if _is_all(pack) else None,
        receipts=receipts,
        disclosed=shown,
        deep=pack.terms.deep,
        begins=first == 0,
        ends=pack.whole and end == pack.stated.size,
    )


def _is_all(pack: _Pack) -> bool:
    """Tell whether the pack has every entry of the log."""
    return pack.whole and pack.made.span == (0, pack.stated.size)


def _say(pack: _Pack) -> None:
    """Say what the pack shows of the log, and what it leaves out."""
    report, span = pack.report, pack.made.span
    if span is None:
        if not report.records:  # a checkpoint alone would pass for a log that agrees with itself
            report.add(Verdict.CANNOT_CHECK, "pack", "it has no entries, so it proves nothing")
        report.checked.append(f"{report.records} single entries, each by its proof")
        report.unproven.append("that these are all entries of their kind: the pack has single ones")
        return
    first, end = span
    report.checked.append(f"{report.records} entries of the range {first} to {end - 1}, and the root")
    if not pack.whole:
        what = f"of {end - first - report.records} entries of the range only their places are known"
        report.unproven.append(f"what the others say: {what}")
    if not _is_all(pack):
        report.unproven.append("anything about entries outside of the pack")
    if first:
        report.notes.append("trees of writers are not checked: the pack does not begin with the log")


def _own_receipts(pack: _Pack) -> dict[str, str]:
    """Return the lines of the receipts in a pack, by where they stand."""
    return {
        f"{path}:{row}": line.decode(errors="replace")
        for path in sorted(pack.made.files)
        if path.startswith("receipts/")
        for row, line in enumerate((pack.source.read(path, _MAX_RECEIPT_BYTES) or b"").split(b"\n"), 1)
        if line.strip()
    }


def _follow(pack: _Pack, earlier: list[Earlier]) -> dict[int, bytes]:
    """Return the roots of earlier checkpoints that a consistency proof of the pack leads from."""
    found: dict[int, bytes] = {}
    for each in earlier:
        holds = excerpts.follow(pack.source, each.checkpoint, pack.stated)
        if holds:
            found[each.checkpoint.size] = each.checkpoint.root
        elif holds is False:
            what = "the pack's consistency proof does not lead from it"
            pack.report.add(Verdict.TAMPERED, each.title, what)
    return found
