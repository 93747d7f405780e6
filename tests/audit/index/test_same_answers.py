"""Pins that the index changes how fast a question is answered, and nothing else."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.index import search
from audit.index.indexer import Index
from audit.reading.query import query
from tests.audit.index.merging import merge
from tests.audit.index.random_logs import Written, logs, questions

if TYPE_CHECKING:
    from audit.index.row import Row
    from audit.index.wanted import Filter


def content(rows: list[Row]) -> list[Row]:
    """Rows in an order of their own, without where they stand in the merged log: a scan doesn't know it."""
    bare = [replace(row, log_index=None, end_index=None) for row in rows]
    return sorted(bare, key=lambda row: (row.t_us, row.writer, row.index))


def lay_down(folder: Path, log: Written) -> None:
    """Write a random log, merge it batch by batch, and index as much of it as it says."""
    log.lay_down(folder)
    for batch in zip(*log.merged, strict=True):
        size = len(merge(folder, {f"w{number}": upto for number, upto in enumerate(batch)}))
        with Index(folder) as index:
            assert index.catch_up(size * log.indexed // 100).of == size


@settings(deadline=None)
@given(log=logs(), asked=st.lists(questions(), min_size=8, max_size=8))
def test_the_index_answers_as_a_scan_does(log: Written, asked: list[Filter]) -> None:
    """Whatever was logged, merged, indexed and asked: the same rows, newest first by the clock."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "audit")
        lay_down(folder, log)
        found = [list(query(folder, each)) for each in asked]
        scan = Path(name, "scan")
        log.lay_down(scan)
        for each, rows in zip(asked, found, strict=True):
            assert content(rows) == content(list(query(scan, each))), each
            merged = [row.t_us for row in rows if row.log_index is not None]
            assert all(one >= other for one, other in pairwise(merged))


@settings(deadline=None, max_examples=30)
@given(log=logs(), asked=questions())
def test_pages_of_one_row_are_the_same_answer(log: Written, asked: Filter) -> None:
    """Where a page ends makes no difference, also between rows of the same microsecond."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "audit")
        lay_down(folder, log)
        whole = list(query(folder, asked))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(search, "_PAGE", 1)
            patch.setattr(search, "_LEAST", 1)
            assert list(query(folder, asked)) == whole


@settings(deadline=None, max_examples=30)
@given(log=logs(), asked=questions())
def test_a_record_says_where_it_stands_in_the_merged_log(log: Written, asked: Filter) -> None:
    """The index of a row and of its end are those of their entries."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "audit")
        log.lay_down(folder)
        entries = merge(folder)
        with Index(folder) as index:
            index.catch_up()
        for row in query(folder, replace(asked, kinds=None)):
            assert row.log_index is not None
            assert f'"id":"{row.id}"'.encode() in entries[row.log_index]
            assert row.end_index is None or f'"ref":"{row.id}"'.encode() in entries[row.end_index]
            assert (row.end is None) == (row.end_index is None)
