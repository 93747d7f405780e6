"""Lays out a merged log as the sequencer does, from the writers' segments or from bodies: no signature."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import orjson

from audit import frames
from audit.index.merged import WIDTH, bundle_path, checkpoint, entries
from audit.tlog.tree import leaf_hash, root_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ORIGIN = "regent.example/audit"


def lay_out(folder: Path, bodies: Sequence[bytes], origin: str = ORIGIN) -> None:
    """Write bundles and a checkpoint of exactly these entries; what a smaller tree had is written over."""
    for start in range(0, len(bodies), WIDTH):
        some = bodies[start : start + WIDTH]
        path = folder / bundle_path(start // WIDTH, len(some))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(len(body).to_bytes(2, "big") + body for body in some))
    root = base64.b64encode(root_of(map(leaf_hash, bodies))).decode()
    (folder / "checkpoint").write_text(f"{origin}\n{len(bodies)}\n{root}\n\n— {origin} AAAA\n")


def merge(folder: Path, upto: dict[str, int] | None = None) -> list[bytes]:
    """Merge what the writers logged and is not merged yet, with a `writer.head` behind it, as one batch.

    Args:
        folder: the log.
        upto: how many records of each writer shall be merged by then; None for all.
    """
    before = checkpoint(folder)
    old = list(entries(folder, 0, before.size)) if before else []
    merged = list(old)
    records = [orjson.loads(body) for body in old]
    heads = []
    for slot in sorted((folder / "writers").glob("w*")):
        mine = [body for body, each in zip(old, records, strict=True) if each["writer"]["id"] == slot.name]
        new = written(slot)[len(mine) : None if upto is None else upto.get(slot.name, 0)]
        merged += new
        if mine or new:
            root = root_of(map(leaf_hash, [*mine, *new])).hex()
            heads.append({"id": slot.name, "size": len(mine) + len(new), "root": root})
    wseq = sum(record["typ"] == "writer.head" for record in records)
    head = {
        "v": 1, "typ": "writer.head", "id": f"{wseq:032x}", "writer": {"id": "sequencer", "boot": 0},
        "wseq": wseq, "t_us": 1, "mono_us": 1, "beat": True, "heads": heads,
    }  # fmt: skip
    merged.append(orjson.dumps(head, option=orjson.OPT_SORT_KEYS))
    lay_out(folder, merged)
    return merged


def written(slot: Path) -> list[bytes]:
    """Read one writer's records, straight from its segments."""
    paths = sorted((slot / "seg").glob("*.log"))
    return [body for path in paths for _, body in frames.scan(path.read_bytes())]


def write(slot: Path, bodies: Sequence[bytes], starts: Sequence[int] = (0,)) -> None:
    """Write one writer's segments, of which the last ends in zeros that were written ahead."""
    (slot / "seg").mkdir(parents=True, exist_ok=True)
    for start, end in zip(starts, [*starts[1:], len(bodies)], strict=True):
        data = b"".join(map(frames.pack, bodies[start:end]))
        ahead = bytes(4096) if end == len(bodies) else b""
        (slot / "seg" / f"{start:012d}.log").write_bytes(data + ahead)
