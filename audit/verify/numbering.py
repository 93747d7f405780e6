"""One writer's records, in the order of their numbers: boots, clocks, and the tree over all before."""

from typing import Any

from audit.verify.merkle import Tree
from audit.verify.verdict import Head, Report, Verdict

CLOCK_STEP_US = 1_000_000
LARGEST_US = 1 << 63


class NoRecord(ValueError):
    """What stands there is not a record of version 1."""


class Writer:
    """What one writer's records must agree with.

    Args:
        name: the writer's id.
        report: takes what is wrong.
        joined: true where the records do not begin with the writer's first one, as in a pack: then the first
            record says where the numbers begin, and trees over records that are not there are not checked.
        tree: of its records that were pruned, where there are such; the numbers begin as where it is joined.

    Attributes:
        boot: the boot of its last record.
        closed: true behind a `writer.close`, and before the first record.
    """

    __slots__ = (
        "_first",
        "_joining",
        "_kept",
        "_mono_us",
        "_report",
        "_t_us",
        "boot",
        "closed",
        "compared",
        "joined",
        "name",
        "tree",
        "wseq",
    )

    def __init__(
        self, name: str, report: Report, kept: list[Head], *, joined: bool = False, tree: Tree | None = None
    ) -> None:
        self.name = name
        self.tree = tree or Tree()
        self.boot, self.wseq = -1, 0
        self.closed = True
        self.joined = joined
        self._joining = joined or tree is not None
        self._first = self.tree.size
        self.compared = 0
        self._report, self._kept = report, kept
        self._t_us = self._mono_us = 0

    def take(self, record: dict[str, Any], where: str | int) -> None:
        """Check the writer's next record; `append` it to the tree afterwards, whatever came out.

        Raises:
            NoRecord, KeyError, TypeError, AttributeError: when it lacks what every record has.
        """
        typ, t_us, mono_us, wseq = record["typ"], record["t_us"], record["mono_us"], record["wseq"]
        boot = record["writer"]["boot"]
        if not type(t_us) is type(mono_us) is type(wseq) is type(boot) is int or not 0 <= t_us < LARGEST_US:
            raise NoRecord("a number is none")
        if self._joining:
            self._join(typ, boot, wseq)
        if typ == "writer.open":
            self._open(boot, where)
        elif mono_us < self._mono_us:
            self._wrong(where, "the monotonic clock ran backwards")
        if boot != self.boot or wseq != self.wseq or (self.closed and typ != "writer.open"):
            self._wrong(where, f"{self.name} numbered {boot}/{wseq}, expected {self.boot}/{self.wseq}")
        if t_us < self._t_us - CLOCK_STEP_US:
            what = f"the clock of {self.name} stepped back by {(self._t_us - t_us) / 1e6:.1f} s"
            self._wrong(where, f"{what}: times here are doubtful", Verdict.INCOMPLETE)
        if typ in {"writer.open", "writer.close"}:
            tree = record["tree"]
            if not self.joined and (tree["size"], tree["root"]) != (self.tree.size, self.tree.root().hex()):
                self._wrong(
                    where, f"the records of {self.name} before it are not those it was written behind"
                )
            self.closed = typ == "writer.close"
        self.boot, self.wseq = boot, wseq + 1
        self._t_us, self._mono_us = t_us, mono_us

    def append(self, leaf: bytes) -> None:
        """Add a record's leaf hash to the writer's tree."""
        self.tree.append(leaf)
        if self._kept:
            self._compare_kept()

    def finish(self) -> None:
        """Report the writer's head, and what was kept of it and is not here."""
        self._report.heads.append(Head(self.name, self.tree.size, self.tree.root().hex()))
        for kept in self._kept:
            if kept.size < self._first:
                what = f"the kept head has {kept.size} records, and more of it were pruned: keep a checkpoint"
                self._report.add(Verdict.CANNOT_CHECK, self.name, what)
            if kept.size > self.tree.size:
                what = f"the kept head has {kept.size} records, the log {self.tree.size}"
                self._report.add(Verdict.FORKED, self.name, what)

    def _join(self, typ: str, boot: int, wseq: int) -> None:
        """Begin where the pack begins."""
        self._joining = False
        self.boot, self.wseq = (boot - 1, 0) if typ == "writer.open" else (boot, wseq)
        self.closed = typ == "writer.open"

    def _open(self, boot: int, where: str | int) -> None:
        if not self.closed:
            what = f"boot {self.boot} of {self.name} ended without a close: what was not durable yet is lost"
            self._wrong(where, what, Verdict.INCOMPLETE)
        if boot != self.boot + 1:
            self._wrong(where, f"boot {boot} of {self.name} follows boot {self.boot}")
        self.boot, self.wseq, self.closed = boot, 0, False

    def _compare_kept(self) -> None:
        for kept in self._kept:
            if kept.size != self.tree.size:
                continue
            if kept.root == self.tree.root().hex():
                self.compared += 1
            else:
                what = f"the first {kept.size} records are not those of the kept head"
                self._report.add(Verdict.FORKED, self.name, what)

    def _wrong(self, where: str | int, what: str, verdict: Verdict = Verdict.TAMPERED) -> None:
        place = where if isinstance(where, str) else f"entry {where}"
        self._report.add(verdict, place, what)
