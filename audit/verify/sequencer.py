"""The sequencer's own entries, `writer.head`: how much of each writer stands in the merged log, and its root.

They are what keeps whoever merges from leaving out, reordering or inventing records unseen: each states the
tree over one writer's records so far, and that is compared with the records that are really there.
"""

from collections.abc import Mapping
from typing import Any

from audit.verify.numbering import CLOCK_STEP_US, LARGEST_US, NoRecord, Writer
from audit.verify.verdict import Report, Verdict

NAME = "sequencer"


class Sequencer:
    """The sequencer's entries, in their order.

    Args:
        report: takes what is wrong.
        joined: true where the log does not begin with its first entry, as in a pack.
        joining: true where the sequencer's own first entries are not there, as in a pruned log.
    """

    __slots__ = ("_boot", "_joined", "_joining", "_mono_us", "_report", "_t_us", "_wseq", "advanced")

    def __init__(self, report: Report, *, joined: bool = False, joining: bool = False) -> None:
        self.advanced: set[str] = set()  # writers with records since the last head that names them
        self._report, self._joined, self._joining = report, joined, joined or joining
        self._boot, self._wseq = 0, 0
        self._t_us = self._mono_us = 0

    def take(self, record: dict[str, Any], writers: Mapping[str, Writer], where: int) -> None:
        """Check the sequencer's next entry.

        Raises:
            NoRecord, KeyError, TypeError, AttributeError: when it lacks what every such entry has.
        """
        t_us, mono_us, wseq, boot = (
            record["t_us"],
            record["mono_us"],
            record["wseq"],
            record["writer"]["boot"],
        )
        if not type(t_us) is type(mono_us) is type(wseq) is type(boot) is int or not 0 <= t_us < LARGEST_US:
            raise NoRecord("a number is none")
        if self._joining:
            self._joining, self._wseq, self._boot, self._mono_us = False, wseq, boot, mono_us
        if record["typ"] != "writer.head":
            self._wrong(where, "the sequencer writes heads of writers and nothing else")
        if wseq != self._wseq:
            self._wrong(where, f"{NAME} numbered {wseq}, expected {self._wseq}")
        if boot < self._boot:
            self._wrong(where, f"boot {boot} of {NAME} follows boot {self._boot}")
        elif boot == self._boot and mono_us < self._mono_us:
            self._wrong(where, "the monotonic clock ran backwards")
        if t_us < self._t_us - CLOCK_STEP_US:
            what = f"the clock of {NAME} stepped back by {(self._t_us - t_us) / 1e6:.1f} s"
            self._wrong(where, f"{what}: times here are doubtful", Verdict.INCOMPLETE)
        self._boot, self._wseq, self._t_us, self._mono_us = boot, wseq + 1, t_us, mono_us
        if record["typ"] == "writer.head":
            self._check_heads(record, writers, where)

    def _check_heads(self, record: dict[str, Any], writers: Mapping[str, Writer], where: int) -> None:
        named: set[str] = set()
        for head in record["heads"]:
            name, size, root = head["id"], head["size"], head["root"]
            if name in named:
                self._wrong(where, f"it names {name} twice")
            named.add(name)
            writer = writers.get(name)
            if self._joined:
                continue
            if writer is None:
                self._wrong(where, f"it names the writer {name}, which has no record before it")
            elif (size, root) != (writer.tree.size, writer.tree.root().hex()):
                what = (
                    f"it states {size} records of {name}, and another root than its {writer.tree.size} here"
                )
                self._wrong(where, what)
        forgotten = self.advanced - named
        if record["beat"] is True:
            forgotten |= writers.keys() - named
        if forgotten and not self._joined:
            self._wrong(where, f"it leaves out {', '.join(sorted(forgotten))}")
        self.advanced -= named

    def _wrong(self, where: int, what: str, verdict: Verdict = Verdict.TAMPERED) -> None:
        self._report.add(verdict, f"entry {where}", what)
