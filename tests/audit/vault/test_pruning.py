"""Pins what goes when it is old: sidecars of closed segments, and the merged log below a minimum index."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from audit import record as records
from audit.errors import LogUnavailable, VaultRefused
from audit.index import merged
from audit.keys import LogKeys
from audit.log import AuditLog
from audit.merging.folder import FolderWriters
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.merging.shelf import Shelf
from audit.ports import Ports
from audit.reading.stream import Bodies, segments
from audit.record import Record
from audit.tlog.tree import leaf_hash, root_of
from audit.vault import aging, database, holds, nonces, pruning
from audit.vault.commitment import commit
from audit.vault.holds import Hold
from audit.vault.pruning import DAY_US, FLOOR_DAYS, Plan
from audit.writing import head
from audit.writing.segments import Segments

ORIGIN = "regent.example/audit"
DAY0_US = 1_700_000_000_000_000
Make = Callable[..., Record]


class Days:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.day = 0

    def wall_us(self) -> int:
        """The time."""
        return DAY0_US + self.day * DAY_US


@pytest.fixture
async def days(folder: Path, make_decision: Make, monkeypatch: pytest.MonkeyPatch) -> Days:
    """A log of one writer with a record a day, one or two in a segment, for forty days."""
    monkeypatch.setattr("audit.writing.segments.SEGMENT_BYTES", 2048)
    clock = Days()
    async with AuditLog.open(folder, ORIGIN, ports=Ports(wall_us=clock.wall_us)) as log:
        for day in range(40):
            clock.day = day
            question = b'{"subject":{"id":"alice"}}'
            await log.append(
                make_decision(
                    action="deny",
                    policy_input=commit("input", question),
                    question=question,
                    payload=[commit("req", b"prompt")],
                )
            )
    return clock


def prune(folder: Path, before_day: int, now_day: int = 1000, *, force: bool = False) -> Plan:
    """Plan and do it, as the command does."""
    with database.opened(folder / "vault" / database.NAME) as db:
        found = pruning.plan(
            folder, db, DAY0_US + before_day * DAY_US, DAY0_US + now_day * DAY_US, force=force
        )
        pruning.carry_out(folder, found, Ports())
    return found


def beside(folder: Path) -> dict[str, set[str]]:
    """The segments that have something in the vault, by kind."""
    return {
        kind: {path.stem for path in (folder / "vault" / kind / "w0").glob("*.bin")}
        for kind in ("nonces", "questions")
    }


def newest_day(path: Path) -> float:
    """Day of a segment's newest record."""
    with path.open("rb") as file:
        return max((int(orjson.loads(body)["t_us"]) - DAY0_US) / DAY_US for body in Bodies(file))


@pytest.mark.parametrize("before", [0, 1, 17, 39, 40, 400])
def test_just_the_old_goes_from_the_vault(folder: Path, days: Days, before: int) -> None:
    """A segment's sidecars go when its newest record is older, and never those of the last segment."""
    *closed, last = segments(folder)["w0"]
    all_of = beside(folder)
    old = {path.stem for path in closed if newest_day(path) < before}
    found = prune(folder, before)

    assert beside(folder) == {kind: stems - old for kind, stems in all_of.items()}
    assert found.facts() == {
        "sidecar": sum(len(stems & old) for stems in all_of.values()),
        "bundle": 0,
        "segment": 0,
    }
    assert segments(folder)["w0"] == [*closed, last]
    assert prune(folder, before).empty


def test_what_goes_is_overwritten_first(folder: Path, days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever still has the file open, or finds its blocks, reads zeros."""
    paths = sorted((folder / "vault" / "questions" / "w0").glob("*.bin"))
    files = [path.open("rb") for path in paths[:-1]]
    prune(folder, 400)
    for file in files:
        assert set(file.read()) == {0}
        file.close()


def test_a_record_that_is_young_keeps_its_segment(folder: Path, days: Days) -> None:
    """Clocks step: what stands before a young record stays, however old it says it is."""
    paths = segments(folder)["w0"]
    with pytest.MonkeyPatch.context() as patch:
        newest = aging.newest_us
        patch.setattr(
            aging, "newest_us", lambda path: DAY0_US + 999 * DAY_US if path == paths[2] else newest(path)
        )
        prune(folder, 30)

    assert min(beside(folder)["nonces"]) == paths[2].stem


def test_what_is_young_needs_force(folder: Path, days: Days) -> None:
    """183 days are the floor; a hold stands above force."""
    with pytest.raises(VaultRefused) as refused:
        prune(folder, 40, now_day=40 + FLOOR_DAYS - 1)
    assert refused.value.code == "vault.too_young"
    prune(folder, 5, now_day=5 + FLOOR_DAYS)
    with database.opened(folder / "vault" / database.NAME) as db:
        holds.put(db, Hold(secrets.token_hex(16), None, "litigation.1", "legal", 1))
    with pytest.raises(VaultRefused) as refused:
        prune(folder, 30, now_day=40, force=True)
    assert refused.value.code == "vault.held"
    with database.opened(folder / "vault" / database.NAME) as db:
        (hold,) = holds.standing(db)
        holds.remove(db, hold)
    assert not prune(folder, 30, now_day=40, force=True).empty


# The merged log.


@pytest.fixture
async def long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The entries of a log: one writer, ten records a day for a hundred days, merged every fourth day."""
    monkeypatch.setattr("audit.writing.segments.SEGMENT_BYTES", 8192)
    clock = Days()
    async with AuditLog.open(folder, ORIGIN, ports=Ports(wall_us=clock.wall_us)) as log:
        with merging(folder, clock, beat_us=0) as sequencer:
            for day in range(100):
                clock.day = day
                for _ in range(10):
                    await log.append(records.mode("strict"))
                if day % 4 == 3:
                    sequencer.turn()
            sequencer.turn()
    return list(merged.entries(folder, 0, sequencer.size))


@contextmanager
def merging(folder: Path, clock: Days, beat_us: int) -> Iterator[Sequencer]:
    """A sequencer by that clock."""
    shelf, writers, ports = Shelf(folder), FolderWriters(folder), Ports(wall_us=clock.wall_us)
    try:
        notary = LogNotary(LogKeys.read(folder, ORIGIN), ports)
        yield Sequencer(writers, shelf, notary, ports, beat_us)
    finally:
        writers.close()
        shelf.close()


def bodies(path: Path) -> list[bytes]:
    """The records of a segment."""
    with path.open("rb") as file:
        return list(Bodies(file))


def days_of(entries: list[bytes]) -> list[int]:
    """Day of each entry."""
    return [(orjson.loads(entry)["t_us"] - DAY0_US) // DAY_US for entry in entries]


@pytest.mark.parametrize("before", [0, 20, 60, 100])
def test_the_merged_log_goes_below_a_minimum_index(folder: Path, long: list[bytes], before: int) -> None:
    """Whole bundles with nothing younger, and writers' segments below; every hash stays."""
    tiles = files(folder / "tile" / "0") | files(folder / "tile" / "1")
    young = next((at for at, day in enumerate(days_of(long)) if day >= before), len(long))
    least = young - young % 256
    found = prune(folder, before)

    assert found.minimum_index == pruning.minimum_index(folder) == least
    assert found.facts()["bundle"] == least // 256
    left = {path.split(".")[0] for path in files(folder / "tile" / "entries")}
    assert left == {f"{number:03d}" for number in range(least // 256, -(-len(long) // 256))}
    assert list(merged.entries(folder, least, len(long))) == long[least:]
    assert files(folder / "tile" / "0") | files(folder / "tile" / "1") == tiles
    stored = set()
    for path in segments(folder)["w0"]:
        with path.open("rb") as file:
            stored |= set(Bodies(file))
    assert {entry for entry in long[least:] if b"writer.head" not in entry} <= stored
    assert prune(folder, before).empty


def files(folder: Path) -> set[str]:
    """The names of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


async def test_the_last_statement_on_everybody_stays(folder: Path) -> None:
    """Who reads what is left learns from it how far each writer is."""
    clock = Days()
    async with AuditLog.open(folder, ORIGIN, ports=Ports(wall_us=clock.wall_us)) as log:
        with merging(folder, clock, beat_us=10**15) as sequencer:
            for _ in range(4):
                await asyncio.gather(*(log.append(records.mode("strict")) for _ in range(300)))
                sequencer.turn()  # the first one states everybody, the others who moved

    assert sequencer.size > 1024
    assert prune(folder, 400).minimum_index == 256


def test_a_writer_goes_on_after_its_first_segments_went(folder: Path, long: list[bytes]) -> None:
    """With its head, or without: the tree is the one over all that was ever written."""
    written = [body for path in segments(folder)["w0"] for body in bodies(path)]
    prune(folder, 60)
    slot = folder / "writers" / "w0"
    assert int(segments(folder)["w0"][0].stem) > 0
    for lost in (None, "head.json"):
        if lost:
            (slot / lost).unlink()
        recovered = Segments(slot, Ports())
        assert (recovered.frontier.size, recovered.frontier.root()) == (
            len(written),
            root_of(leaf_hash(entry) for entry in written),
        )
        recovered.abandon()
    AuditLog.open(folder, ORIGIN).close()


def test_pruning_goes_on_from_where_it_was(folder: Path, long: list[bytes]) -> None:
    """Later ones begin at the last minimum, also when the last one broke off behind its first step."""
    prune(folder, 40)
    base = head.read(folder / "writers" / "w0", head.BASE)
    with database.opened(folder / "vault" / database.NAME) as db:
        found = pruning.plan(folder, db, DAY0_US + 80 * DAY_US, DAY0_US + 1000 * DAY_US)
    pruning.carry_out(folder, Plan(found.before_us, floor=found.floor), Ports())  # as far as the hint
    second = prune(folder, 80)

    assert base is not None
    assert second.minimum_index == found.minimum_index == 768
    assert not list((folder / "tile" / "entries").glob("00[0-2]"))
    after = head.read(folder / "writers" / "w0", head.BASE)
    assert after is None or after.start.index >= base.start.index


def test_a_record_of_a_pruned_segment_has_nothing_left(folder: Path, long: list[bytes]) -> None:
    """What a sidecar holds for a segment that is gone goes with the next pruning, whatever its age."""
    stray = folder / "vault" / "nonces" / "w0" / "000000000000.bin"
    stray.write_bytes(nonces.pack(secrets.token_hex(16), (("req", bytes(32)),)))
    prune(folder, 60)
    stray.write_bytes(nonces.pack(secrets.token_hex(16), (("req", bytes(32)),)))
    prune(folder, 0)

    assert not stray.exists()


@pytest.mark.parametrize("data", [b"\x00\x05ab", b"\x00\x02{}", b""])
def test_a_bundle_that_is_none_stops_it(folder: Path, long: list[bytes], data: bytes) -> None:
    """Nothing is pruned by what can't be read; a bundle that is empty is none."""
    (folder / "tile" / "entries" / "001").write_bytes(data)
    with pytest.raises(LogUnavailable, match=r"log\.cannot_open"):
        prune(folder, 100)
    assert (folder / "tile" / "entries" / "000").exists()


def test_a_hint_that_cannot_be_read_stops_it(folder: Path, long: list[bytes]) -> None:
    """Beginning anew at zero would look for what is gone."""
    (folder / pruning.HINT).write_text(json.dumps({"minimum": 1}))
    with pytest.raises(LogUnavailable, match=r"log\.cannot_open"):
        prune(folder, 100)
