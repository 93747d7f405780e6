"""What Regent's records must agree with, beyond being the entries of a tree. Fed in the order of the log.

Writers may stand interleaved in any way: each has its numbers, boots, clocks and tree of its own
(`numbering`), the sequencer states those trees (`sequencer`), and ids, requests and their ends are matched
across all of them (`pairs`).
"""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from audit.verify import rotation
from audit.verify.checkpoints import Malformed
from audit.verify.disclosed import Disclosed
from audit.verify.notes import Refused
from audit.verify.numbering import NoRecord, Writer
from audit.verify.pairs import Pairs, place
from audit.verify.pruned import Floor, Prunings
from audit.verify.receipts import Receipts
from audit.verify.sequencer import NAME as SEQUENCER
from audit.verify.sequencer import Sequencer
from audit.verify.verdict import Head, Report, Verdict

SILENCE_US = 120_000_000
STRICT = "strict"
_SELDOM = {"writer.open", "writer.close", "mode", "key.rotate"}
_PRUNING = {"prune", "legal_hold"}
_NO_RECORD = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


class Lint:
    """The records of a log.

    Args:
        report: takes what is wrong.
        origin_digest: digest of origin.json where that is at hand.
        kept: heads kept earlier, by writer.
        receipts: what others hold, if any of it is at hand.
        deep: also check that each record is in its canonical form.
        disclosed: payloads that were handed over, to be held against the commitments to them.
        begins: false where the first records are not there, as in a pack.
        ends: false where the last ones are not.
        floor: where a pruned log begins; the requests that were allowed before are not known.

    Attributes:
        prunings: what the records say of prunings.
    """

    def __init__(  # noqa: PLR0913 - what a check may have at hand, each by its name
        self,
        report: Report,
        *,
        origin_digest: str | None = None,
        kept: dict[str, list[Head]] | None = None,
        receipts: Receipts | None = None,
        deep: bool = False,
        disclosed: Disclosed | None = None,
        begins: bool = True,
        ends: bool = True,
        floor: Floor | None = None,
    ) -> None:
        self.writers: dict[str, Writer] = {}
        self.prunings = Prunings()
        self._report, self._receipts, self._deep, self._disclosed = report, receipts, deep, disclosed
        self._trees = floor.trees if floor else None
        self._joined = (floor is not None and self._trees is None) or not begins
        self._whole = begins and ends
        self._digest = origin_digest
        self._kept = kept or {}
        self._sequencer = Sequencer(report, joined=self._joined, joining=floor is not None)
        self._pairs = Pairs(report, begins=self._whole and floor is None, ends=self._whole)
        self._segments: dict[str, Iterator[bytes]] = {}
        self._living: set[str] = set()
        self._silences = 0
        self._modes: set[str] = set()
        self._foreign = False
        self._decode = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse).raw_decode
        for name in self._trees or ():
            self._writer(name)

    def beside(self, name: str, bodies: Iterator[bytes]) -> None:
        """Compare the entries of a writer with its own records as they come by."""
        self._segments[name] = bodies

    def in_step(self, name: str) -> bool:
        """Tell whether a writer's own log has agreed with the merged one so far."""
        return name in self._segments

    def entry(self, index: int, entry: bytes, leaf: bytes) -> None:
        """Check the next entry of the merged log."""
        try:
            record = self._read(entry)
            name = record["writer"]["id"]
            if type(name) is not str:
                raise NoRecord("a writer has a name")
        except _NO_RECORD:
            self._report.add(Verdict.TAMPERED, f"entry {index}", "it is no record of version 1")
            self._foreign = self._foreign or not self.writers
            return
        if name == SEQUENCER:
            self._check(record, None, index)
        else:
            writer = self.writers.get(name) or self._writer(name)
            self._check(record, writer, index)
            writer.append(leaf)
            self._sequencer.advanced.add(name)
            if self._segments:
                self._compare(name, entry, index)
        if self._receipts and (leaf in self._receipts.wanted or self._receipts.places):
            self._see(record, leaf, index)

    def single(self, index: int, entry: bytes, leaf: bytes) -> None:
        """Check an entry by itself, where its neighbours are not at hand."""
        try:
            record = self._read(entry)
            self._pairs.take(record, record["typ"], index)
            if self._disclosed:
                self._disclosed.see(record, index)
        except _NO_RECORD:
            self._report.add(Verdict.TAMPERED, f"entry {index}", "it is no record of version 1")
            return
        if self._receipts and self._receipts.wanted:
            self._see(record, leaf, index)

    def unmerged(self, name: str, number: int, body: bytes, leaf: bytes) -> None:
        """Check a record in a writer's own log that does not stand in the merged one (yet)."""
        writer = self._writer(name)
        where = f"{name} record {number}"
        try:
            record = self._read(body)
            if record["writer"]["id"] != name:
                self._report.add(Verdict.TAMPERED, where, "it is of another writer")
            else:
                self._check(record, writer, where)
        except _NO_RECORD:
            self._report.add(Verdict.TAMPERED, where, "it is no record of version 1")
        writer.append(leaf)

    def finish(self) -> None:
        """Report what can be told only when everything was read."""
        for name in sorted(self.writers, key=lambda name: (len(name), name)):
            writer = self.writers[name]
            writer.finish()
            if not writer.closed:
                what = f"{name}: boot {writer.boot} has no close: its process lives, or was killed"
                self._report.notes.append(what)
        for name in self._kept.keys() - self.writers.keys():
            self._report.add(Verdict.FORKED, name, "the kept head knows this writer; the log does not")
        if self._report.kept is not None:
            self._report.kept += sum(writer.compared for writer in self.writers.values())
        self._pairs.finish({(each.name, each.boot) for each in self.writers.values() if not each.closed})
        if self._sequencer.advanced and self._report.merged and self._whole:
            names = ", ".join(sorted(self._sequencer.advanced))
            self._report.notes.append(f"no head of the sequencer stands behind the last records of {names}")
        if self._silences:
            what = f"{self._silences} times no entry for more than 2 minutes, while writers were open"
            self._report.notes.append(what)
        if self._foreign and not self.writers:
            what = "none of the entries is a record of Regent's; --entries any checks a log of other things"
            self._report.notes.append(what)
        if self._modes - {STRICT}:
            what = f"modes other than strict were active: {', '.join(sorted(self._modes - {STRICT}))}"
            self._report.notes.append(what)

    def _read(self, entry: bytes) -> dict[str, Any]:
        text = entry.decode()
        record: dict[str, Any]
        record, end = self._decode(text)
        if end != len(text) or type(record["v"]) is not int or record["v"] != 1:
            raise NoRecord("it is not one record of version 1")
        if self._deep and _canonical(record) != entry:
            raise NoRecord("it is not in its canonical form")
        return record

    def _writer(self, name: str) -> Writer:
        if name not in self.writers:
            kept = self._kept.get(name, [])
            tree = (self._trees or {}).get(name)
            self.writers[name] = Writer(name, self._report, kept, joined=self._joined, tree=tree)
        return self.writers[name]

    def _check(self, record: dict[str, Any], writer: Writer | None, where: str | int) -> None:
        """Check all that a record says; `writer` is None for the sequencer."""
        try:
            typ, t_us = record["typ"], record["t_us"]
            if writer is None:
                self._sequencer.take(record, self.writers, int(where))
            elif typ == "writer.head":
                raise NoRecord("only the sequencer states heads")
            else:
                writer.take(record, where)
            self._pairs.take(record, typ, where)
            if type(where) is int:  # what is not merged is no part of what was signed
                self._note_time(t_us)
            if self._disclosed:
                self._disclosed.see(record, where)
            if writer and typ in _SELDOM:
                self._check_seldom(record, writer, where)
            elif typ in _PRUNING and type(where) is int:
                self.prunings.take(record, where)
        except (Malformed, Refused) as error:
            self._report.add(Verdict.TAMPERED, place(where), f"the change of key does not hold: {error}")
        except _NO_RECORD:
            self._report.add(Verdict.TAMPERED, place(where), "it is no record of version 1")

    def _check_seldom(self, record: dict[str, Any], writer: Writer, where: str | int) -> None:
        """Check what few records say: a boot's beginning and end, the mode, a change of keys."""
        match record["typ"]:
            case "writer.open":
                self._living.add(writer.name)
                self._check_origin(record, where)
            case "writer.close":
                self._living.discard(writer.name)
            case "mode":
                self._modes.add(str(record["mode"]))
            case _:
                rotation.check_record(record, self._report.origin)

    def _note_time(self, t_us: int) -> None:
        latest = self._report.latest_us
        self.prunings.first_us = self.prunings.first_us or t_us
        if t_us > latest:
            if latest and self._living and t_us - latest > SILENCE_US:
                self._silences += 1
            self._report.latest_us = t_us

    def _check_origin(self, record: dict[str, Any], where: str | int) -> None:
        self._digest = self._digest or record["origin_digest"]
        if (record["origin"], record["origin_digest"]) != (self._report.origin, self._digest):
            self._report.add(Verdict.TAMPERED, place(where), "the boot was written under another origin.json")

    def _compare(self, name: str, entry: bytes, index: int) -> None:
        bodies = self._segments.get(name)
        if bodies is None:
            return
        body = next(bodies, None)
        if body == entry:
            return
        del self._segments[name]  # told once; what follows cannot agree either
        if body is None:
            what = f"the segments of {name} end before it"
            self._report.add(Verdict.INCOMPLETE, f"entry {index}", what)
        else:
            what = f"it is not the record that the segments of {name} hold"
            self._report.add(Verdict.TAMPERED, f"entry {index}", what)

    def _see(self, record: dict[str, Any], leaf: bytes, index: int) -> None:
        try:
            at = (record["writer"]["id"], record["writer"]["boot"], record["wseq"])
            if self._receipts:
                self._receipts.see_place(at, leaf, f"entry {index}")
        except _NO_RECORD:
            return  # reported as no record already


def _canonical(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _refuse(text: str) -> NoReturn:
    raise NoRecord(f"{text[:20]} is no number of a record")
