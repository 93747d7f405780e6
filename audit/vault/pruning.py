"""Retention: what is older than a point in time goes, first from the vault, then from the log itself.

Of the vault, the sidecars of closed segments without a younger record. Of the log, everything wholly below a
minimum index (`audit.tlog.minimum`): bundles of the merged log, and segments of writers whose records stand
there. The hashes stay. Without a merged log the segments are the log, and stay. Nothing goes under a legal
hold, and nothing that is younger than 183 days unless that is insisted on. The vault's files are overwritten
before they are removed; a pruning that was interrupted is done again.
"""

import re
import shutil
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from audit import files
from audit.errors import LogDamaged, LogUnavailable, VaultRefused
from audit.files import sync_folder
from audit.index import merged, pruned
from audit.merging import floor
from audit.merging.progress import Progress
from audit.ports import Ports
from audit.reading.stream import Bodies, segments
from audit.tlog import minimum
from audit.tlog.tree import Frontier, leaf_hash
from audit.vault import aging, holds
from audit.vault.shredding import shred
from audit.writing import head

FLOOR_DAYS = 183
DAY_US = 86_400_000_000
HINT = floor.NAME
_BOOT = re.compile(rb'"boot":([0-9]+)')


@dataclass(slots=True)
class Plan:
    """What would go.

    Attributes:
        before_us: everything older than this, microseconds UTC.
        minimum_index: least index of the merged log that stays; None where there is no merged log.
        sidecars: files of the vault.
        bundles: paths of full bundles in the log's folder.
        segments: of each writer, the segments that go, oldest first.
        floor: where everybody stands at the minimum index, as `pruned.json` says it.
    """

    before_us: int
    minimum_index: int | None = None
    sidecars: list[Path] = field(default_factory=list)
    bundles: list[Path] = field(default_factory=list)
    segments: dict[str, list[Path]] = field(default_factory=dict)
    floor: bytes = b""

    @property
    def empty(self) -> bool:
        """Whether nothing would go."""
        return not (self.sidecars or self.bundles or self.segments)

    def facts(self) -> dict[str, int]:
        """Return counts as they stand in a record."""
        return {
            "sidecar": len(self.sidecars),
            "bundle": len(self.bundles),
            "segment": sum(map(len, self.segments.values())),
        }


def plan(folder: Path, db: sqlite3.Connection, before_us: int, now_us: int, *, force: bool = False) -> Plan:
    """Return what is older than a point in time and may go. Only under the vault's lock.

    Args:
        folder: the log.
        db: the vault's database.
        before_us: the point in time, microseconds UTC.
        now_us: wall clock.
        force: prune what is younger than 183 days, too.

    Raises:
        VaultRefused: `vault.too_young`, `vault.held`.
        LogUnavailable: `log.cannot_open`.
    """
    if before_us > now_us - FLOOR_DAYS * DAY_US and not force:
        raise VaultRefused(
            "vault.too_young", f"nothing younger than {FLOOR_DAYS} days is pruned unless forced"
        )
    holds.insist_none(db)
    found = Plan(before_us)
    slots = segments(folder)
    for slot, paths in slots.items():
        found.sidecars += aging.old_sidecars(folder / "vault", slot, paths, before_us)
    if (folder / "checkpoint").is_file():
        _plan_log(folder, found, slots)
    return found


def carry_out(folder: Path, found: Plan, ports: Ports) -> None:
    """Do as planned, durably.

    Raises:
        OSError: when the disk refuses; planning and doing it again finishes it.
    """
    for path in found.sidecars:
        shred(path, ports)
    _sync_parents(found.sidecars)
    for slot, paths in found.segments.items():
        _write_base(folder / "writers" / slot, paths)
    if found.floor:
        files.replace(folder / HINT, found.floor)
    for path in found.bundles:
        path.unlink(missing_ok=True)
        shutil.rmtree(path.with_name(path.name + ".p"), ignore_errors=True)
    _sync_parents(found.bundles)
    for paths in found.segments.values():
        for path in paths:
            path.unlink(missing_ok=True)
        _sync_parents(paths)


def minimum_index(folder: Path) -> int:
    """Return the least index of the merged log that was not pruned.

    Raises:
        LogUnavailable: `log.cannot_open` when what says so can't be read.
    """
    return _floor(folder)[0].size


# ── the log ─────────────────────────────────────────────────────────────────────────────────────────


def _floor(folder: Path) -> tuple[Progress, bytes]:
    try:
        return floor.read((folder / HINT).read_bytes())
    except FileNotFoundError:
        return floor.read(b"")
    except (OSError, LogDamaged) as error:
        raise LogUnavailable("log.cannot_open", f"cannot read {folder / HINT}: {error}") from error


def _plan_log(folder: Path, found: Plan, slots: dict[str, list[Path]]) -> None:
    below, root = _floor(folder)
    try:
        log = merged.checkpoint(folder)
        size = log.size if log else 0
        tree = pruned.tree(folder, below.size, size)
        _insist(tree.root() == root, f"{HINT} is not of this log")
        _descend(folder, below, tree, found.before_us, size)
        _insist(
            tree.root() == pruned.tree(folder, tree.size, size).root(),
            "the entries are not those of the tiles over them",
        )
    except (LogDamaged, ValueError, KeyError, TypeError) as error:
        raise LogUnavailable("log.cannot_open", f"{error}; see `verify`") from error
    found.minimum_index, found.floor = below.size, floor.write(below, tree.root()) if below.size else b""
    paths = map(folder.joinpath, minimum.prunable(size, below.size))
    found.bundles = [path for path in paths if path.exists()]
    for slot, those in slots.items():
        counted = below.writers[slot].size if slot in below.writers else 0
        count = minimum.whole_below([int(path.stem) for path in those], counted)
        if count:
            found.segments[slot] = those[:count]


def _descend(folder: Path, below: Progress, tree: Frontier, before_us: int, size: int) -> None:
    """Take in what is too old, bundle by bundle, up to the first one with something younger."""
    end = minimum.aligned(_last_beat(folder, below.size, size))
    while below.size < end:
        entries = list(merged.entries(folder, below.size, below.size + minimum.WIDTH))
        if any(aging.t_us(entry) >= before_us for entry in entries):
            break
        below.take(entries)
        for entry in entries:
            tree.append(leaf_hash(entry))


def _insist(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise LogDamaged("log.damaged", what)


def _last_beat(folder: Path, least: int, size: int) -> int:
    """Return the index of the last statement that names every writer: who reads what is left begins there."""
    end = size
    while end > least:
        start = (end - 1) // minimum.WIDTH * minimum.WIDTH
        for index, entry in zip(
            range(end - 1, start - 1, -1), reversed(list(merged.entries(folder, start, end))), strict=True
        ):
            if b'"typ":"writer.head"' in entry and orjson.loads(entry)["beat"]:
                return index
        end = start
    return least


def _write_base(slot: Path, going: list[Path]) -> None:
    """Keep the tree as it was before the first segment that stays: a recovery begins there."""
    base = head.read(slot, head.BASE)
    frontier, boot = Frontier(), 0
    if base is not None:
        frontier, boot = Frontier(base.start.index, base.start.hashes), base.start.boot
    for path in going:
        if int(path.stem) != frontier.size:
            if int(path.stem) < frontier.size:  # counted by an attempt that was interrupted
                continue
            raise LogUnavailable("log.cannot_open", f"{path} does not follow record {frontier.size - 1}")
        with path.open("rb") as file:
            for body in Bodies(file):
                frontier.append(leaf_hash(body))
                boot = aging.number(_BOOT, body)
    start = head.Start(frontier.size, boot, tuple(frontier.hashes))
    head.write(slot, head.Head(start, frontier.size, frontier.root()), head.BASE)


def _sync_parents(paths: list[Path]) -> None:
    for parent in sorted({path.parent for path in paths}):
        if parent.is_dir():
            sync_folder(parent)
