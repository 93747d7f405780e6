"""Pins that a report's sums are those of the log's ends: exactly, whatever is merged, indexed or neither."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from hypothesis import given, settings

from audit.index.indexer import Index
from audit.usage.report import report
from audit.usage.wanted import DIMENSIONS, TAG_SET, UNPRICED, Wanted
from tests.audit.index.merging import merge
from tests.audit.index.random_logs import Written, logs
from tests.audit.usage import plain

if TYPE_CHECKING:
    from audit.usage.wanted import Dimension, Sums


def lay_down(folder: Path, log: Written) -> None:
    """Write a random log, merge it batch by batch, and index as much of it as it says."""
    log.lay_down(folder)
    for batch in zip(*log.merged, strict=True):
        size = len(merge(folder, {f"w{number}": upto for number, upto in enumerate(batch)}))
        with Index(folder) as index:
            index.catch_up(size * log.indexed // 100)


def lines(folder: Path, *by: Dimension) -> dict[tuple[str | None, ...], Sums]:
    """The lines of a report about what was used."""
    with report(folder, Wanted(by)) as found:
        return {line.values: line.sums for line in found.lines() if not line.expired}


@settings(deadline=None)
@given(log=logs())
def test_the_sums_are_those_of_the_ends(log: Written) -> None:
    """Also of ends that no decision claims, and of a second one: what was used was used."""
    bodies = [body for writer in log.bodies for body in writer]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "audit")
        lay_down(folder, log)
        with report(folder, Wanted()) as found:
            assert found.total == plain.total(plain.ends(bodies))
            used = [line.sums for line in found.lines() if not line.expired]
        assert used == ([found.total] if found.total.requests else [])


@settings(deadline=None, max_examples=30)
@given(log=logs())
def test_every_breakdown_adds_up(log: Written) -> None:
    """By each dimension that a request has once, the lines' sums are the total."""
    bodies = [body for writer in log.bodies for body in writer]
    single = [each for each in (*DIMENSIONS.values(), TAG_SET, UNPRICED) if not each.many]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "audit")
        lay_down(folder, log)
        for dimension in single:
            found = lines(folder, dimension).values()
            added = [sum(getattr(each, name) for each in found) for name in plain.total([]).__slots__]
            whole = plain.total(plain.ends(bodies))
            assert added == [getattr(whole, name) for name in whole.__slots__]


@settings(deadline=None)
@given(log=logs())
def test_lines_are_those_of_a_plain_reading(log: Written) -> None:
    """By team, deployment, cost centre and model; a decision's words are its own, an end's its own."""
    bodies = [body for writer in log.bodies for body in writer]

    def names(decision: plain.Record | None, end: plain.Record) -> plain.Names:
        opening = decision or {}
        model = opening.get("gen_ai", {}).get("req_model")
        return opening.get("team"), end.get("deployment"), opening.get("cost_center"), model

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "audit")
        lay_down(folder, log)
        by = [DIMENSIONS[each] for each in ("team", "deployment", "cost_center", "model")]
        assert lines(folder, *by) == plain.grouped(bodies, names)


@settings(deadline=None, max_examples=50)
@given(log=logs())
def test_what_expired_counts_once_for_each_reservation(log: Written) -> None:
    """However often and by however many writers it was told, unless its request ended: one request, one cost.

    What each said of it may differ here.
    """
    records = [record for writer in log.bodies for record in map(orjson.loads, writer)]
    ended = {record["ref"] for record in records if record["typ"] in {"outcome", "aborted"}}
    told = [
        record["reservation"]
        for record in records
        if record["typ"] == "ledger.expired" and record["reservation"][:32] not in ended
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "audit")
        lay_down(folder, log)
        with report(folder, Wanted()) as found:
            assert found.expired.requests == len(set(told))
