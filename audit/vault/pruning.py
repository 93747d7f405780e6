"""Retention: what is older than a point in time goes, first from the vault, then from the log itself.

Of the vault, the sidecars of closed segments without a younger record. Of the log, everything wholly below a
minimum index (`audit.tlog.minimum`): tiles and bundles of the merged log, and segments of writers whose
records stand there. Without a merged log the segments are the log, and stay. Nothing goes under a legal hold,
and nothing that is younger than 183 days unless that is insisted on. Files are overwritten before they are
removed; a pruning that was interrupted is done again.
"""

import re
import shutil
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from audit import files
from audit.errors import LogUnavailable, VaultRefused
from audit.files import sync_folder
from audit.ports import Ports
from audit.reading.stream import Bodies, segments
from audit.tlog import minimum
from audit.tlog.tree import Frontier, leaf_hash
from audit.vault import aging, holds
from audit.vault.shredding import shred
from audit.writing import head

FLOOR_DAYS = 183
DAY_US = 86_400_000_000
HINT = "pruned.json"
_BOOT = re.compile(rb'"boot":([0-9]+)')


@dataclass(slots=True)
class Plan:
    """What would go.

    Attributes:
        before_us: everything older than this, microseconds UTC.
        minimum_index: least index of the merged log that stays; None where there is no merged log.
        sidecars: files of the vault.
        tiles: paths of full tiles and bundles in the log's folder.
        segments: of each writer, the segments that go, oldest first.
    """

    before_us: int
    minimum_index: int | None = None
    sidecars: list[Path] = field(default_factory=list)
    tiles: list[Path] = field(default_factory=list)
    segments: dict[str, list[Path]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether nothing would go."""
        return not (self.sidecars or self.tiles or self.segments)

    def facts(self) -> dict[str, int]:
        """Return counts as they stand in a record."""
        return {
            "sidecar": len(self.sidecars),
            "tile": len(self.tiles),
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
    if found.minimum_index is not None:
        _write_hint(folder, found.minimum_index)
    for path in found.tiles:
        path.unlink(missing_ok=True)
        shutil.rmtree(path.with_name(path.name + ".p"), ignore_errors=True)
    _sync_parents(found.tiles)
    for paths in found.segments.values():
        for path in paths:
            path.unlink(missing_ok=True)
        _sync_parents(paths)


def minimum_index(folder: Path) -> int:
    """Return the least index of the merged log that was not pruned.

    Raises:
        LogUnavailable: `log.cannot_open` when what says so can't be read.
    """
    try:
        return int(orjson.loads((folder / HINT).read_bytes())["minimum_index"])
    except FileNotFoundError:
        return 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogUnavailable("log.cannot_open", f"cannot read {folder / HINT}: {error}") from error


# ── the log ─────────────────────────────────────────────────────────────────────────────────────────


def _plan_log(folder: Path, found: Plan, slots: dict[str, list[Path]]) -> None:
    size = int((folder / "checkpoint").read_bytes().split(b"\n")[1])
    least, merged = minimum_index(folder), dict[str, int]()
    while least + minimum.WIDTH <= size:
        entries = _entries(folder / minimum.bundle_path(least // minimum.WIDTH))
        if not entries or any(aging.t_us(entry) >= found.before_us for entry in entries):
            break
        for entry in entries:
            _note_heads(entry, merged)
        least += minimum.WIDTH
    found.minimum_index = least
    found.tiles = [folder / path for path in minimum.prunable(size, least) if (folder / path).exists()]
    for slot, paths in slots.items():
        base = head.read(folder / "writers" / slot, head.BASE)  # of an attempt that was interrupted
        counted = max(merged.get(slot, 0), base.start.index if base else 0)
        below = minimum.whole_below([int(path.stem) for path in paths], counted)
        if below:
            found.segments[slot] = paths[:below]


def _entries(path: Path) -> list[bytes]:
    """Return the entries of a full bundle; none where there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : end])
        at = end
    if at != len(data) or len(entries) != minimum.WIDTH:
        raise LogUnavailable("log.cannot_open", f"{path} is no full bundle")
    return entries


def _note_heads(entry: bytes, merged: dict[str, int]) -> None:
    """Note how many records of each writer stand before an entry, where it says so."""
    if b'"typ":"writer.head"' in entry:
        for each in orjson.loads(entry)["heads"]:
            merged[each["id"]] = max(merged.get(each["id"], 0), each["size"])


def _write_hint(folder: Path, least: int) -> None:
    files.replace(folder / HINT, orjson.dumps({"minimum_index": least}))


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
