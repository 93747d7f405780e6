"""The whole life of a pruned log: what both verifiers still say of it, and whom they catch."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from audit import record as records
from audit.commands.hold import lift_hold, set_hold
from audit.commands.prune import prune
from audit.errors import LogDamaged, VaultRefused
from audit.index import merged
from audit.log import AuditLog
from audit.merging import floor
from audit.merging.progress import Progress
from audit.tlog.minimum import bundle_path
from audit.tlog.tree import Frontier, leaf_hash
from audit.verify import alone
from audit.verify.check import verify
from audit.verify.terms import Entries, Terms
from audit.verify.verdict import Report, Verdict
from audit.writing import head
from tests.audit import lives
from tests.audit.lives import ORIGIN, Life

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEAST = 512
WHOLE, VERIFIED = Verdict.OPERATOR_ASSERTED, Verdict.VERIFIED
TAMPERED, INCOMPLETE = Verdict.TAMPERED, Verdict.INCOMPLETE


@pytest.fixture(scope="module")
def _original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Life, bytes]:
    """A log with a checkpoint that somebody kept on its first day, and none of it pruned yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.writing.segments.SEGMENT_BYTES", lives.SEGMENT_BYTES)
        life = Life(tmp_path_factory.mktemp("lives") / "log")
        life.write(100, behind_days=500)
        life.merge()
        kept = life.checkpoint
        life.write(540, behind_days=500)
        life.merge()
        life.write(250)
        life.merge()
    return life, kept


@pytest.fixture(scope="module")
def _pruned(_original: tuple[Life, bytes], tmp_path_factory: pytest.TempPathFactory) -> Life:
    life = Life(tmp_path_factory.mktemp("pruned") / "log")
    shutil.copytree(_original[0].folder, life.folder)
    found = prune(life.folder, before_us=life.before_us(400), by="ops")
    assert found.minimum_index == LEAST
    life.merge()
    return life


@pytest.fixture
def life(_original: tuple[Life, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    """A copy of the log that wasn't pruned."""
    return copied(_original[0], tmp_path / "log", monkeypatch)


@pytest.fixture
def pruned(_pruned: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    """A copy of the one that was, by its own rules."""
    return copied(_pruned, tmp_path / "pruned", monkeypatch)


@pytest.fixture
def kept(_original: tuple[Life, bytes]) -> bytes:
    """A checkpoint of a size within what was pruned."""
    assert int(_original[1].split(b"\n")[1]) < LEAST
    return _original[1]


@pytest.fixture
def receipts(_original: tuple[Life, bytes]) -> list[str]:
    """What callers have in their hands."""
    return _original[0].receipts


def copied(life: Life, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Life:
    """Return a log of the test's own."""
    monkeypatch.setattr("audit.writing.segments.SEGMENT_BYTES", lives.SEGMENT_BYTES)
    shutil.copytree(life.folder, folder)
    return Life(folder)


def ask(folder: Path, *arguments: str) -> int:
    """Return the verdict of the one file."""
    return alone.main([str(folder), *arguments])


def both(folder: Path) -> tuple[Verdict, int]:
    """Return the verdicts of the package and of the one file, by the operator's word."""
    return verify(folder).verdict, ask(folder)


def prunings(report: Report) -> list[str]:
    """What a report says of prunings, beyond the findings."""
    return [each for each in report.notes if "were pruned by the order of" in each]


def write(folder: Path, *some: records.Record) -> None:
    """Have a writer of the operator's log what he likes."""

    async def run() -> None:
        async with AuditLog.open(folder, ORIGIN) as log:
            for each in some:
                await log.append(each)

    asyncio.run(run())


def begun(life: Life, least: int) -> records.Record:
    """The record that vouches for a pruning."""
    counts = {"sidecar": 0, "bundle": least // 256, "segment": 0}
    return records.prune(
        stage="begun", before_us=life.before_us(400), minimum_index=least, by="ops", count=counts
    )


def delete(folder: Path, least: int) -> None:
    """Do what a pruning does with bundles, as thoroughly, and ask nobody."""
    progress, tree = Progress(), Frontier()
    entries = list(merged.entries(folder, 0, least))
    progress.take(entries)
    for entry in entries:
        tree.append(leaf_hash(entry))
    (folder / floor.NAME).write_bytes(floor.write(progress, tree.root()))
    for number in range(least // 256):
        (folder / bundle_path(number)).unlink()


def test_what_is_left_is_proven(pruned: Life) -> None:
    """Nothing is wrong, and it is said what is gone, by whose order, and what that leaves unproven."""
    report = verify(pruned.folder, Terms(deep=True))

    assert (report.verdict, report.findings, report.pruned) == (WHOLE, [], LEAST)
    assert report.records == pruned.size - LEAST
    (said,) = prunings(report)
    assert said.startswith(f"entries 0 to {LEAST - 1} were pruned by the order of ops (entry ")
    assert "400 days earlier" in said
    assert any(f"what the {LEAST} entries said" in each for each in report.unproven)
    assert ask(pruned.folder) == WHOLE
    assert not (pruned.folder / bundle_path(1)).exists()
    assert min((pruned.folder / "writers" / "w0" / "seg").glob("*.log")).stem != f"{0:012d}"


def test_a_checkpoint_from_before_is_still_extended(pruned: Life, kept: bytes, tmp_path: Path) -> None:
    """However small the log was then: pruning is no way to be rid of what an auditor kept."""
    report = verify(pruned.folder, Terms(kept=(kept,)))
    (tmp_path / "kept").write_bytes(kept)

    assert (report.verdict, report.kept) == (VERIFIED, 1)
    assert ask(pruned.folder, "--since", str(tmp_path / "kept")) == VERIFIED


def test_a_receipt_from_before_is_still_honoured(
    pruned: Life, life: Life, receipts: list[str], tmp_path: Path
) -> None:
    """The hash of the record is there; where it isn't, the record was left out, and not pruned."""
    (tmp_path / "receipts").write_text("\n".join(receipts))
    report = verify(pruned.folder, Terms(receipts=tuple(receipts)))

    assert (report.verdict, report.findings) == (WHOLE, [])
    assert ask(pruned.folder, "--receipts", str(tmp_path / "receipts")) == WHOLE
    life.write(1, behind_days=450)  # the same log, in another world
    (tmp_path / "receipts").write_text("\n".join([*receipts, *life.receipts]))
    assert verify(pruned.folder, Terms(receipts=tuple(life.receipts))).verdict is Verdict.RECEIPT_MISSING
    assert ask(pruned.folder, "--receipts", str(tmp_path / "receipts")) == Verdict.RECEIPT_MISSING


@pytest.mark.parametrize("hint", ["with its hint", "without"])
def test_it_goes_on(hint: str, pruned: Life, kept: bytes) -> None:
    """A sequencer starts with its hint or without one; what it merges is verified, and pruned in turn."""
    if hint == "without":
        (pruned.folder / "merge.json").unlink()
    pruned.write(300)
    before = pruned.size
    assert pruned.merge() > before + 300
    (pruned.folder / "merge.json").unlink()
    assert pruned.merge() == pruned.size
    assert both(pruned.folder) == (WHOLE, WHOLE)

    found = prune(pruned.folder, before_us=pruned.before_us(-1), by="dpo", force=True)
    assert found.minimum_index is not None
    assert found.minimum_index > LEAST
    (pruned.folder / "merge.json").unlink()
    pruned.write(5)
    pruned.merge()
    report = verify(pruned.folder, Terms(kept=(kept,)))
    assert (report.verdict, report.findings, report.pruned) == (VERIFIED, [], found.minimum_index)
    assert "by the order of dpo" in prunings(report)[0]
    assert ask(pruned.folder) == WHOLE


def test_a_sequencer_does_not_start_over_anothers_beginning(pruned: Life) -> None:
    """Without its hint it needs `pruned.json`, and believes none that the log's own statements contradict."""
    (pruned.folder / "merge.json").unlink()
    path = pruned.folder / floor.NAME
    good = path.read_bytes()
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda facts: other_hashes(facts["writers"]["w0"]),
        lambda facts: facts.update(root="00" * 32),
        lambda facts: facts.update(size=256),
        lambda facts: facts.pop("writers"),
    ]
    for change in changes:
        path.write_bytes(good)
        altered(floor.NAME, change)(pruned.folder)
        with pytest.raises(LogDamaged, match=r"log\.damaged"):
            pruned.merge()
    path.write_bytes(good)
    assert pruned.merge() == pruned.size


def altered(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Return what changes a JSON file of the log."""

    def alter(folder: Path) -> None:
        facts = orjson.loads((folder / name).read_bytes())
        change(facts)
        (folder / name).write_bytes(orjson.dumps(facts))

    return alter


def other_hashes(tree: dict[str, Any]) -> None:
    """Have a tree be another one of its size."""
    tree["hashes"] = ["00" * 32 for _ in tree["hashes"]]


def flipped(folder: Path) -> None:
    """Change the hash of an entry that is gone."""
    path = folder / "tile" / "0" / "001"
    path.write_bytes(bytes(32) + path.read_bytes()[32:])


def one_bundle_more(folder: Path) -> None:
    """Let one more go than was said, and say so nowhere but beside the log."""
    (folder / bundle_path(LEAST // 256)).unlink()
    altered(floor.NAME, lambda facts: facts.update(minimum_index=LEAST + 256, size=LEAST + 256))(folder)


TAMPERINGS: dict[str, tuple[Callable[[Path], object], Verdict, Verdict]] = {
    "a bundle more is gone": (lambda log: (log / bundle_path(LEAST // 256)).unlink(), INCOMPLETE, INCOMPLETE),
    "and pruned.json has it": (one_bundle_more, TAMPERED, INCOMPLETE),
    "pruned.json is gone": (lambda log: (log / floor.NAME).unlink(), INCOMPLETE, WHOLE),
    "pruned.json is none": (lambda log: (log / floor.NAME).write_text("nonsense"), TAMPERED, WHOLE),
    "pruned.json has less": (
        altered(floor.NAME, lambda facts: facts.update(minimum_index=256)),
        INCOMPLETE,
        WHOLE,
    ),
    "another tree of a writer": (
        altered(floor.NAME, lambda facts: other_hashes(facts["writers"]["w0"])),
        TAMPERED,
        WHOLE,
    ),
    "a writer less": (altered(floor.NAME, lambda facts: facts["writers"].pop("w0")), TAMPERED, WHOLE),
    "a hash of what is gone": (flipped, TAMPERED, TAMPERED),
    "hashes are gone": (lambda log: (log / "tile" / "0" / "001").unlink(), INCOMPLETE, INCOMPLETE),
    "base.json is another": (altered("writers/w0/base.json", other_hashes), TAMPERED, WHOLE),
    "base.json is gone": (lambda log: (log / "writers" / "w0" / head.BASE).unlink(), INCOMPLETE, WHOLE),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_is_claimed_of_a_pruning_is_checked(name: str, pruned: Life) -> None:
    """By the package; the one file looks at neither `pruned.json` nor the writers' own files."""
    change, wanted, wanted_alone = TAMPERINGS[name]
    change(pruned.folder)
    report = verify(pruned.folder)

    assert report.verdict is wanted, report.findings
    assert ask(pruned.folder) == wanted_alone


def test_who_deletes_without_a_record_is_caught(life: Life) -> None:
    """However well `pruned.json` is made; also where the entries are not looked at."""
    delete(life.folder, LEAST)
    report = verify(life.folder)

    assert (report.verdict, [each.where for each in report.findings]) == (INCOMPLETE, ["tile/entries"])
    assert f"entries 0 to {LEAST - 1} are gone, and no record" in report.findings[0].what
    assert ask(life.folder) == INCOMPLETE
    assert verify(life.folder, Terms(entries=Entries.ANY)).verdict is INCOMPLETE
    assert ask(life.folder, "--entries", "any") == INCOMPLETE


def test_who_deletes_more_than_he_recorded_is_caught(life: Life) -> None:
    """What goes beyond the record is named."""
    write(life.folder, begun(life, 256))
    life.merge()
    delete(life.folder, LEAST)
    report = verify(life.folder)

    assert report.verdict is INCOMPLETE
    assert f"entries 256 to {LEAST - 1} are gone" in report.findings[0].what
    assert ask(life.folder) == INCOMPLETE


def test_a_record_vouches_for_nothing_that_was_still_to_come(life: Life) -> None:
    """Else one record could be a licence for ever."""
    write(life.folder, begun(life, 1 << 40))
    life.merge()
    delete(life.folder, LEAST)

    assert both(life.folder) == (INCOMPLETE, INCOMPLETE)


def test_who_prunes_under_a_hold_is_caught(life: Life) -> None:
    """The command refuses; the operator who writes record and files by hand is told by the hold's record."""
    set_hold(life.folder, tenant="acme", basis="litigation.1", by="legal")
    with pytest.raises(VaultRefused, match=r"vault\.held"):
        prune(life.folder, before_us=life.before_us(400), by="ops")
    life.merge()
    write(life.folder, begun(life, LEAST))
    life.merge()
    delete(life.folder, LEAST)
    report = verify(life.folder)

    assert report.verdict is INCOMPLETE
    assert [each.what for each in report.findings] == [
        "it prunes while 1 legal holds stand, and nothing may go then"
    ]


def test_a_hold_that_was_lifted_is_in_nobodys_way(life: Life) -> None:
    """Set, lifted, pruned: all of it in one turn of the sequencer."""
    set_hold(life.folder, tenant="acme", basis="litigation.1", by="legal")
    lift_hold(life.folder, tenant="acme", basis="litigation.1", by="legal")
    prune(life.folder, before_us=life.before_us(400), by="ops")
    life.merge()

    assert both(life.folder) == (WHOLE, WHOLE)


def test_another_history_is_a_fork_also_where_it_is_pruned(pruned: Life, kept: bytes, tmp_path: Path) -> None:
    """A log that was begun anew and pruned doesn't extend what was kept of the first one."""
    other = Life(tmp_path / "other")
    shutil.copytree(pruned.folder / "keys", other.folder / "keys")
    other.write(700, behind_days=500)
    other.merge()
    other.write(5)
    other.merge()
    prune(other.folder, before_us=other.before_us(400), by="ops")
    other.merge()
    assert verify(other.folder).pruned
    (tmp_path / "kept").write_bytes(kept)

    assert verify(other.folder, Terms(kept=(kept,))).verdict is Verdict.FORKED
    assert ask(other.folder, "--since", str(tmp_path / "kept")) == Verdict.FORKED
