"""Twelve attacks by an operator who holds the log's key and can not sign as the witness.

Each takes an honest log and gives the view that the operator shows in its place: entries, and which
cosignature the witness gave for them, if it would.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from tests.audit.verify.builder import SECOND_US, Record, Sample, relink

Attack = Callable[[Sample], "View"]


@dataclass(frozen=True)
class View:
    """What the operator shows: entries, and the time at which the witness cosigned just them, if it did."""

    entries: list[bytes]
    cosigned_s: int | None = None


def _records(sample: Sample, end: int | None = None) -> list[Record]:
    return [json.loads(entry) for entry in sample.entries[:end]]


def _index(records: list[Record], typ: str, start: int = 0) -> int:
    return next(at for at, each in enumerate(records) if each["typ"] == typ and at >= start)


def _open_writer(records: list[Record]) -> str:
    """Return a writer whose last boot is open: new records can be written as its own."""
    last = {str(each["writer"]["id"]): each["typ"] for each in records if each["typ"] != "writer.head"}
    return next(name for name, typ in last.items() if typ != "writer.close")


def _next(records: list[Record], template: Record, **changes: Any) -> Record:
    """Return a new last record of an open writer, a second after everything."""
    name = _open_writer(records)
    own = next(each for each in reversed(records) if each["writer"]["id"] == name)
    now_us = max(each["t_us"] for each in records) + SECOND_US
    mono_us = own["mono_us"] + now_us - own["t_us"]
    key = sha256(json.dumps([template, len(records)]).encode()).hexdigest()[:32]
    times = {"writer": own["writer"], "t_us": now_us, "mono_us": mono_us, "wseq": own["wseq"] + 1}
    new: Record = json.loads(json.dumps(template | {"id": key} | times))
    return new | changes


def _denied(records: list[Record]) -> Record:
    found = next(
        each for each in records if each["typ"] == "decision" and each["decision"]["action"] == "deny"
    )
    return dict(found)


def _with_head(records: list[Record]) -> list[Record]:
    """Return the records with a head of the sequencer behind them."""
    last = json.loads(json.dumps(next(each for each in reversed(records) if each["typ"] == "writer.head")))
    now_us = max(each["t_us"] for each in records) + SECOND_US
    last["mono_us"] += now_us - last["t_us"]
    key = sha256(b"head" + last["id"].encode()).hexdigest()[:32]
    return [*records, last | {"id": key, "t_us": now_us}]


def modify(sample: Sample) -> View:
    """Change an old record and sign the tree over it."""
    records = _records(sample)
    records[_index(records, "decision")]["team"] = "nobody"
    return View(relink(records))


def delete_middle(sample: Sample) -> View:
    """Take an old request out, its end as well, and number the rest anew."""
    records = _records(sample)
    at = _index(records, "decision")
    ref = records.pop(at)["id"]
    return View(relink(each for each in records if each.get("ref") != ref))


def insert_back_dated(sample: Sample) -> View:
    """Put a record of today among those of an earlier time."""
    records = _records(sample)
    at = _index(records, "decision")
    new = _next(records, _denied(records))
    there = records[at]
    new |= {"writer": there["writer"], "t_us": there["t_us"], "mono_us": there["mono_us"]}
    return View(relink([*records[:at], new, *records[at:]]))


def reorder(sample: Sample) -> View:
    """Move a decision before others."""
    records = _records(sample)
    at = _index(records, "decision", _index(records, "outcome"))
    moved = records.pop(at)
    return View(relink([*records[: at - 2], moved, *records[at - 2 :]]))


def truncate(sample: Sample) -> View:
    """Cut the tail off behind what the auditor kept."""
    return View(sample.entries[: sample.kept + 1])


def roll_back(sample: Sample) -> View:
    """Show an older state, which was genuine and which the witness had cosigned."""
    return View(sample.entries[: sample.seen], sample.seen_s)


def wipe(sample: Sample) -> View:
    """Throw the log away and begin another of the same name."""
    records = _records(sample)
    for record in records:
        record["id"] = sha256(record["id"].encode()).hexdigest()[:32]
        if "ref" in record:
            record["ref"] = sha256(record["ref"].encode()).hexdigest()[:32]
    return View(relink(records))


def fork(sample: Sample) -> View:
    """Show another history behind what the auditor kept."""
    records = _records(sample)
    records[_index(records, "decision", sample.kept)]["team"] = "nobody"
    return View(relink(records))


def replay(sample: Sample) -> View:
    """Write an old record once more as a new one."""
    records = _records(sample)
    old = _denied(records)
    records.append(_next(records, old, id=old["id"]))
    return View(relink(_with_head(records)), sample.now_s)


def turn_clock_back(sample: Sample) -> View:
    """Write a new record with a time of an hour ago."""
    records = _records(sample)
    late = _next(records, _denied(records))
    records.append(late | {"t_us": late["t_us"] - 3_600 * SECOND_US})
    return View(relink(_with_head(records)), sample.now_s)


def delete_uncovered(sample: Sample) -> View:
    """Leave out records that no checkpoint covers yet, and number the rest anew."""
    records = _records(sample)
    left = [each for at, each in enumerate(records) if at not in sample.receipted]
    return View(relink(left), sample.now_s)


def lose_uncovered(sample: Sample) -> View:
    """Leave them out and leave the numbers as they are."""
    records = _records(sample)
    left = [each for at, each in enumerate(records) if at not in sample.receipted]
    return View(relink(left, renumber=False), sample.now_s)


#: Name, and how many of the eight verifiers in `test_attacks` accept it before one detects it.
ATTACKS: dict[str, tuple[Attack, int]] = {
    "1 modify old record, re-sign": (modify, 3),
    "2 delete middle, renumber": (delete_middle, 3),
    "3 insert back-dated": (insert_back_dated, 3),
    "4 reorder": (reorder, 3),
    "5 truncate tail past the kept checkpoint": (truncate, 4),
    "6 show an old genuine view": (roll_back, 5),
    "7 wipe and restart": (wipe, 3),
    "8 fork after the kept checkpoint": (fork, 4),
    "9 replay a record": (replay, 6),
    "10 clock rollback on new records": (turn_clock_back, 6),
    "11 delete before any checkpoint, renumber": (delete_uncovered, 7),
    "12 same, not renumbered": (lose_uncovered, 6),
}
