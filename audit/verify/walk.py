"""The walk through one writer's records, in the order of their numbers. Reads files, changes none."""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.verify.leaves import HEADER_BYTES, Tree, frames
from audit.verify.verdict import Head, Report, Verdict

CLOCK_STEP_US = 1_000_000
TAIL_LOOKS = 4
TAIL_PAUSE_S = 0.05


@dataclass(slots=True)
class Shared:
    """What is checked across writers.

    About 250 bytes per record stay in memory: ids must be unique in the whole log.
    """

    origin_digest: str
    ids: set[bytes] = field(default_factory=set)
    allows: dict[bytes, tuple[str, int, int]] = field(default_factory=dict)  # still open: writer, boot, index
    ended: set[bytes] = field(default_factory=set)
    early_ends: list[tuple[bytes, str]] = field(default_factory=list)
    open_boots: set[tuple[str, int]] = field(default_factory=set)


class Walk:
    """The walk through one writer's records."""

    def __init__(self, slot: Path, shared: Shared, report: Report, kept: list[Head]) -> None:
        self.slot, self.name = slot, slot.name
        self.shared, self.report, self.kept = shared, report, kept
        self.tree = Tree()
        self.boot, self.wseq = -1, 0
        self.closed = True
        self.t_us = self.mono_us = 0
        self.decode = json.JSONDecoder().raw_decode

    def check(self) -> None:
        """Walk all segments and report."""
        paths = sorted((self.slot / "seg").glob("*.log"))
        for path in paths:
            if not self._check_segment(path, last=path is paths[-1]):
                break
        self.report.records += self.tree.size
        self.report.heads.append(Head(self.name, self.tree.size, self.tree.root()))
        if not self.closed:
            self.shared.open_boots.add((self.name, self.boot))
            self.report.notes.append(
                f"{self.name}: boot {self.boot} has no close: its process lives, or was killed"
            )
        for kept in self.kept:
            if kept.size > self.tree.size:
                what = f"the kept head has {kept.size} records, the folder {self.tree.size}"
                self._wrong(what, Verdict.FORKED)

    def _check_segment(self, path: Path, *, last: bool) -> bool:
        """Check one segment's records; tell whether the next one can follow."""
        if path.stem != f"{self.tree.size:012d}":
            self._wrong(f"segment {path.stem} does not follow record {self.tree.size - 1}")
            return False
        data = path.read_bytes()
        end = self._check_frames(data, 0)
        looks = TAIL_LOOKS
        while data[end:].strip(b"\x00") if last else data[end:]:
            # The end of a live log may be in the middle of a write: look again, a little later.
            looks -= 1
            if not last or not looks:
                self._wrong_tail(data, end, last=last)
                return False
            time.sleep(TAIL_PAUSE_S)
            data, before = path.read_bytes(), end
            end = self._check_frames(data, end)
            looks = TAIL_LOOKS if end > before else looks
        return True

    def _check_frames(self, data: bytes, end: int) -> int:
        for after, body in frames(data, end):
            self._check_record(body)
            end = after
        return end

    def _wrong_tail(self, data: bytes, end: int, *, last: bool) -> None:
        """Tell a torn end, which a crash leaves, from damage before the end, which none does."""
        at = data.find(b'{"', end + HEADER_BYTES + 1)
        while at >= 0 and not any(True for _ in frames(data, at - HEADER_BYTES)):
            at = data.find(b'{"', at + 1)
        if last and at < 0:
            self._wrong("the end is broken: torn by a crash, or damaged", Verdict.INCOMPLETE)
        else:
            self._wrong("a record's frame is broken, and more follow it")

    def _check_record(self, body: bytes) -> None:
        try:
            text = body.decode()
            record, end = self.decode(text)
            if end != len(text):
                self._wrong("more stands in its frame than one record")
            writer = record["writer"]
            self._check_place(record, writer["id"], writer["boot"])
            self._check_meaning(record)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._wrong("it is no record of version 1")
        self.tree.append(body)
        if self.kept:
            self._compare_kept()

    def _check_place(self, record: dict[str, Any], writer: str, boot: int) -> None:
        """Writer, boot, number and clocks; and in `writer.open` and `writer.close` the tree before."""
        typ, t_us, mono_us = record["typ"], record["t_us"], record["mono_us"]
        if record["v"] != 1 or writer != self.name:
            self._wrong("it is of another version or another writer")
        if typ == "writer.open":
            self._check_open(record, boot)
        elif mono_us < self.mono_us:
            self._wrong("the monotonic clock ran backwards")
        if boot != self.boot or record["wseq"] != self.wseq or (self.closed and typ != "writer.open"):
            self._wrong(f"numbered {boot}/{record['wseq']}, expected {self.boot}/{self.wseq}")
        if t_us < self.t_us - CLOCK_STEP_US:
            step_s = (self.t_us - t_us) / 1e6
            self._wrong(
                f"the clock stepped back by {step_s:.1f} s: times here are doubtful", Verdict.INCOMPLETE
            )
        if typ in {"writer.open", "writer.close"}:
            self._check_tree(record["tree"])
            self.closed = typ == "writer.close"
        self.wseq = record["wseq"] + 1
        self.t_us, self.mono_us = t_us, mono_us

    def _check_open(self, record: dict[str, Any], boot: int) -> None:
        if not self.closed:
            self._wrong(
                f"boot {self.boot} ended without a close: what was not durable yet is lost",
                Verdict.INCOMPLETE,
            )
        if boot != self.boot + 1:
            self._wrong(f"boot {boot} follows boot {self.boot}")
        if (record["origin"], record["origin_digest"]) != (self.report.origin, self.shared.origin_digest):
            self._wrong("the boot was written under another origin.json")
        self.boot, self.wseq, self.closed = boot, 0, False

    def _check_tree(self, tree: dict[str, Any]) -> None:
        if (tree["size"], tree["root"]) != (self.tree.size, self.tree.root()):
            self._wrong("the records before it are not those that it was written behind")

    def _check_meaning(self, record: dict[str, Any]) -> None:
        typ, key = record["typ"], bytes.fromhex(record["id"])
        if key in self.shared.ids:
            self._wrong("its id stands in the log twice")
        self.shared.ids.add(key)
        if typ == "decision":
            facts = record["decision"]
            if facts["action"] == "allow" and facts["final"]:
                self.shared.allows[key] = (self.name, self.boot, self.tree.size)
        elif typ in {"outcome", "aborted"}:
            self._check_end(bytes.fromhex(record["ref"]))
        elif typ == "gap":
            counts = ", ".join(f"{name} {value}" for name, value in sorted(record["gap"].items()))
            self._wrong(f"the log admits a gap: {counts}", Verdict.INCOMPLETE)

    def _check_end(self, ref: bytes) -> None:
        if self.shared.allows.pop(ref, None):
            self.shared.ended.add(ref)
        elif ref in self.shared.ended:
            self._wrong("it ends a request that has ended")
        else:  # its decision may stand in another writer's log that is read later
            self.shared.early_ends.append((ref, f"{self.name} record {self.tree.size}"))

    def _compare_kept(self) -> None:
        for kept in self.kept:
            if kept.size != self.tree.size:
                continue
            if kept.root == self.tree.root():
                self.report.kept = (self.report.kept or 0) + 1
            else:
                self._wrong(f"the first {kept.size} records are not those of the kept head", Verdict.FORKED)

    def _wrong(self, what: str, verdict: Verdict = Verdict.TAMPERED) -> None:
        self.report.add(verdict, f"{self.name} record {self.tree.size}", what)
