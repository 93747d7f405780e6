"""Pins what the doctor finds: each kind of trouble by its code, and nothing in a sound folder."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from zlib import crc32

import orjson
import pytest

from audit import frames
from audit.doctor.examine import Surroundings, examine
from audit.doctor.finding import KINDS
from audit.index import schema
from audit.index.indexer import Index
from audit.log import AuditLog
from audit.objects import standing
from audit.objects.standing import Standing
from audit.objects.target import Target
from audit.ports import Ports
from tests.audit.index.merging import lay_out, merge, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.record import Record

    Make = Callable[..., Record]

T_US = 1_700_000_000_000_000
ROOMY = SimpleNamespace(f_bavail=1 << 30, f_frsize=4096, f_blocks=1 << 30, f_files=10, f_favail=9)


@pytest.fixture
async def log(folder: Path, make_decision: Make, make_outcome: Make) -> Path:
    """Make a sound log: closed, merged and indexed."""
    async with AuditLog.open(folder, "regent.example/audit", ports=Ports(wall_us=lambda: T_US)) as log:
        allowed = make_decision(sref=await log.sref("alice"))
        await log.append(allowed)
        await log.append(make_outcome(allowed.id))
    merge(folder)
    with Index(folder) as index:
        index.catch_up()
    return folder


def codes(folder: Path, *, now_us: int = T_US + 1, disk: Any = ROOMY, deep: bool = False) -> list[str]:
    """Examine at a time, on a disk; return the codes of what was found."""
    machine = Surroundings(wall_us=lambda: now_us, statvfs=lambda _: cast("os.statvfs_result", disk))
    return sorted({each.code for each in examine(folder, machine, deep=deep)})


def segment(log: Path) -> Path:
    """Return the log's one segment."""
    (path,) = (log / "writers" / "w0" / "seg").glob("*.log")
    return path


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_folder_has_nothing(log: Path, *, deep: bool) -> None:
    """Neither problem nor note."""
    assert codes(log, deep=deep) == []


def test_a_folder_without_a_log(tmp_path: Path) -> None:
    """Nothing else is looked at."""
    assert codes(tmp_path) == ["folder.missing"]
    assert codes(tmp_path / "none") == ["folder.missing"]


@pytest.mark.parametrize("name", [".", "writers", "writers/w0", "vault", "vault/subjects.db", "index.db"])
def test_what_others_can_open(log: Path, name: str) -> None:
    """Every place that is the owner's alone."""
    (log / name).chmod(0o755)
    assert codes(log) == ["folder.open"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_belongs_to_somebody_else(log: Path) -> None:
    """A command that was run as another user leaves such files."""
    os.chown(log / "index.db", 12345, 12345)
    assert codes(log) == ["folder.foreign"]


def test_a_name_that_cannot_be_read(log: Path) -> None:
    """The index isn't known to be this log's either, then."""
    (log / "origin.json").write_bytes(b"{")
    assert codes(log) == ["index.unusable", "origin.unreadable"]


def test_keys(log: Path) -> None:
    """A signing key that others can read, also under another name; a verifier key alone, or another log's."""
    (log / "log.vkey").write_text("regent.example/audit+12345678+AAAA\n")
    (log / "keys" / "log.key").unlink()
    assert codes(log) == ["key.missing"]
    for name in ("log.key", "log-mldsa.key", "old"):
        (log / "keys" / name).write_text("PRIVATE+KEY+regent.example/audit+12345678+AAAA\n")
        (log / "keys" / name).chmod(0o640)
        assert "key.open" in codes(log)
        (log / "keys" / name).chmod(0o600)
    (log / "keys" / "rotations.notes").write_text("public")
    (log / "keys" / "rotations.notes").chmod(0o644)
    (log / "keys" / "log.key").chmod(0o600)
    assert codes(log) == []
    (log / "log.vkey").write_text("other.example/audit+12345678+AAAA\n")
    assert codes(log) == ["key.other"]


@pytest.mark.parametrize("changed", [{"f_bavail": 1000}, {"f_bavail": 1 << 25}, {"f_favail": 0}])
def test_a_disk_that_is_nearly_full(log: Path, changed: dict[str, int]) -> None:
    """In bytes, in its share, and in files."""
    assert codes(log, disk=SimpleNamespace(**(vars(ROOMY) | changed))) == ["space.low"]


def test_a_clock_behind_the_newest_record(log: Path) -> None:
    """Whatever is logged next goes back in time."""
    assert codes(log, now_us=T_US - 1) == ["clock.behind"]


def test_a_segment_that_does_not_hold_together(log: Path) -> None:
    """A closed one with something behind its records, or a hole between two."""
    path = segment(log)
    bodies = written(log / "writers" / "w0")
    path.write_bytes(b"".join(map(frames.pack, bodies[:2])) + b"\0\0\1\0torn")
    second = path.with_name(f"{2:012d}.log")
    second.write_bytes(b"".join(map(frames.pack, bodies[2:])))
    assert codes(log) == ["writer.broken"]
    path.write_bytes(b"".join(map(frames.pack, bodies[:2])))
    assert codes(log) == []
    path.write_bytes(frames.pack(bodies[0]))
    assert codes(log) == ["writer.broken"]


def test_a_segment_that_is_gone_is_found_by_a_deep_look(log: Path) -> None:
    """It is not among the newest two; and where the log was pruned, it may be gone."""
    path = segment(log)
    bodies = written(log / "writers" / "w0")
    path.unlink()
    path.with_name(f"{2:012d}.log").write_bytes(b"".join(map(frames.pack, bodies[2:])))
    assert codes(log) == []
    assert codes(log, deep=True) == ["writer.broken"]
    entries = log / "tile" / "entries"
    (entries / "000.p").rename(entries / "001.p")
    assert "writer.broken" not in codes(log, deep=True)


def test_records_that_are_gone(log: Path) -> None:
    """Less than its head says, or than was durable."""
    path = segment(log)
    kept = path.read_bytes()
    bodies = written(log / "writers" / "w0")
    path.write_bytes(b"".join(map(frames.pack, bodies[:-1])))
    assert codes(log) == ["writer.crashed", "writer.rolled_back"]
    path.write_bytes(kept)
    count = (len(bodies) + 1).to_bytes(8, "big")
    (log / "writers" / "w0" / "durable").write_bytes(count + crc32(count).to_bytes(4, "big"))
    assert codes(log) == ["writer.rolled_back"]


def test_what_a_kill_leaves(log: Path) -> None:
    """A torn end and no close: notes, for the next start settles both."""
    path = segment(log)
    bodies = written(log / "writers" / "w0")
    (log / "writers" / "w0" / "head.json").unlink()
    path.write_bytes(b"".join(map(frames.pack, bodies[:-1])) + b"\0\0\1\0torn")
    (log / "writers" / "w0" / "durable").unlink()
    assert codes(log) == ["writer.crashed", "writer.torn"]
    assert {KINDS[code].weight for code in codes(log)} == {"note"}


async def test_a_living_writer_is_no_trouble(log: Path, open_log: Callable[..., AuditLog]) -> None:
    """It has no close yet, and zeros at its end."""
    living = open_log(ports=Ports(wall_us=lambda: T_US))
    assert living.available
    assert codes(log) == []


async def test_a_sequencer_that_lags_behind(
    log: Path, open_log: Callable[..., AuditLog], make_decision: Make
) -> None:
    """A record waits longer than receipts promise; without any checkpoint it is a note."""
    await open_log(ports=Ports(wall_us=lambda: T_US)).append(make_decision())
    assert codes(log, now_us=T_US + 9_000_000) == []
    assert codes(log, now_us=T_US + 11_000_000) == ["sequencer.behind"]
    merge(log)
    assert "sequencer.behind" not in codes(log, now_us=T_US + 11_000_000)
    (log / "checkpoint").unlink()
    assert codes(log) == ["sequencer.none"]


def test_what_is_merged_is_known_by_the_sequencers_statements(log: Path) -> None:
    """Those are read back from the end, over bundles, until everybody was named."""
    entries = merge(log)
    head = orjson.loads(entries[-1])
    said = {"heads": [{"id": "w0", "size": len(written(log / "writers" / "w0")), "root": ""}]}
    named = orjson.dumps(head | said | {"beat": False})
    silent = orjson.dumps(head | {"heads": [], "beat": False})
    lay_out(log, [*entries, named, *[silent] * 600])
    with Index(log) as index:
        index.catch_up()
    assert codes(log, now_us=T_US + 11_000_000) == []


def test_copies_that_lag_behind(log: Path) -> None:
    """For more than two turns and a minute; who has all of the log lags behind nothing, however old."""
    target, size = Target("acme-audit"), int((log / "checkpoint").read_text().split("\n")[1])

    def leave(**more: Any) -> None:
        standing.leave(log, target, Standing(str(target), 60, T_US, **more))

    leave(size=size - 1, failed="copy.denied")
    assert codes(log, now_us=T_US + 179_000_000) == []
    assert codes(log, now_us=T_US + 181_000_000) == ["copies.behind"]
    (found,) = examine(log, Surroundings(wall_us=lambda: T_US + 181_000_000))
    assert found.what.endswith("for 181 s: copy.denied")
    leave(size=size)
    assert codes(log, now_us=T_US + 999_000_000) == []
    standing.place(log, target).write_text("nonsense")
    assert codes(log, now_us=T_US + 999_000_000) == []


def test_a_checkpoint_that_is_none_or_anothers(log: Path) -> None:
    """Or whose entries are gone."""
    kept = (log / "checkpoint").read_text()
    (log / "checkpoint").write_text("nonsense")
    assert codes(log) == ["checkpoint.unreadable"]
    (log / "checkpoint").write_text(kept.replace("regent.example", "other.example"))
    assert codes(log) == ["checkpoint.other"]
    (log / "checkpoint").write_text(kept)
    for path in (log / "tile" / "entries").rglob("*"):
        if path.is_file():
            path.unlink()
    assert codes(log) == ["bundle.missing"]


def test_an_index_that_is_missing_broken_or_behind(log: Path) -> None:
    """Behind counts once the checkpoint has stood for a minute, or by much."""
    entries = merge(log)
    now_us = (log / "checkpoint").stat().st_mtime_ns // 1000
    assert "index.behind" not in codes(log, now_us=now_us + 50_000_000)
    assert "index.behind" in codes(log, now_us=now_us + 70_000_000)
    lay_out(log, [*entries, *[entries[-1]] * 17_000])
    assert codes(log) == ["index.behind"]
    (log / "index.db").write_bytes(b"nonsense" * 1000)
    (log / "index.db").chmod(0o600)
    assert codes(log) == ["index.unusable"]
    schema.remove(log)
    assert codes(log) == ["index.none"]


def test_entries_that_are_no_records(log: Path) -> None:
    """The index has counted them."""
    lay_out(log, [*merge(log), b"no record", merge(log)[-1]])
    with Index(log) as index:
        index.catch_up()
    assert codes(log) == ["index.skipped"]


def test_a_vault_that_is_gone_or_broken(log: Path) -> None:
    """A copy of the merged log alone needs none."""
    path = log / "vault" / "subjects.db"
    kept = path.read_bytes()
    path.write_bytes(kept[:100] + b"\xff" * (len(kept) - 100))
    assert codes(log) == ["vault.broken"]
    db = sqlite3.connect(log / "vault" / "empty.db")
    db.close()
    path.unlink()
    assert codes(log) == ["vault.missing"]


def test_every_kind_says_what_it_means_and_what_to_do() -> None:
    """In sentences; codes are dotted words."""
    for code, kind in KINDS.items():
        assert code.count(".") == 1
        assert kind.weight in {"problem", "note"}
        assert kind.means.endswith(".")
        assert kind.do


def test_every_kind_is_found_by_a_test() -> None:
    """This file names each."""
    page = Path(__file__).read_text(encoding="utf-8")
    assert [code for code in KINDS if f'"{code}"' not in page] == []
