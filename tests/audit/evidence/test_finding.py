"""Pins where a record stands: by its id, with the index, without it, and against it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import orjson
import pytest

from audit.evidence.finding import index_of
from audit.evidence.proving import kept_size, prove, prover
from audit.evidence.published import Published
from audit.evidence.refused import EvidenceRefused
from audit.index.indexer import Index
from audit.log import AuditLog
from audit.tlog.proof import LogProof
from audit.tlog.tree import verify_inclusion
from tests.audit.evidence.conftest import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.record import Record
    from tests.audit.evidence.conftest import House


@pytest.mark.parametrize("indexed", [False, True])
def test_every_record_is_found(house: House, indexed: bool) -> None:  # noqa: FBT001 - a case
    """Decisions and their ends, which have no row of their own in the index."""
    if indexed:
        with Index(house.folder) as index:
            index.catch_up()
    published = house.published()
    for record in (*house.decisions[::5], *house.ends[::5]):
        assert orjson.loads(published.entry(index_of(published, record)))["id"] == record


def test_an_index_that_lies_is_not_believed(house: House) -> None:
    """The log says where a record is."""
    with Index(house.folder) as index:
        index.catch_up()
    published = house.published()
    before = index_of(published, house.decisions[4])
    with closing(sqlite3.connect(house.folder / "index.db")) as db:
        db.execute("UPDATE record SET id = ? WHERE log_index = ?", (b"x" * 16, before))
        db.execute("UPDATE record SET id = ? WHERE log_index = 2", (bytes.fromhex(house.decisions[4]),))
        db.commit()
    assert index_of(published, house.decisions[4]) == before


async def test_what_is_not_merged_is_told_from_what_is_unknown(
    house: House, make_decision: Callable[..., Record]
) -> None:
    """With what to do about it."""
    waiting = make_decision()
    async with AuditLog.open(house.folder, ORIGIN) as log:
        await log.append(waiting)
    with pytest.raises(EvidenceRefused, match="regent audit merge") as raised:
        index_of(house.published(), waiting.id)
    assert raised.value.code == "evidence.not_merged"
    with pytest.raises(EvidenceRefused) as raised:
        index_of(house.published(), "0" * 32)
    assert raised.value.code == "evidence.unknown"
    house.merge()
    assert index_of(house.published(), waiting.id) > 40


def test_a_log_that_was_never_merged_says_so(house: House) -> None:
    """And a folder without a log says that."""
    (house.folder / "checkpoint").unlink()
    with pytest.raises(EvidenceRefused) as raised:
        Published.open(house.folder)
    assert raised.value.code == "evidence.nothing_merged"


def test_each_entry_has_a_proof(house: House) -> None:
    """Made by index, as queries ask for it."""
    published = house.published()
    proof_of = prover(house.folder)
    for index in range(published.size):
        proof = LogProof.parse(proof_of(index))
        assert (proof.index, proof.checkpoint) == (index, published.signed)
        leaf = published.tree.leaf(index)
        assert verify_inclusion(index, published.size, leaf, proof.hashes, published.checkpoint.root)
    with pytest.raises(EvidenceRefused):
        prove(published, published.size)


def test_a_kept_checkpoint_is_held_against_the_log(house: House, tmp_path: Path) -> None:
    """One of another history is no starting point of a proof."""
    published = house.published()
    for size, note in house.kept.items():
        assert kept_size(published, note) == size
    text, _, signatures = house.kept[max(house.kept)].partition(b"\n\n")
    origin, size_text, _ = text.split(b"\n")
    other = b"\n".join((origin, size_text, b"A" * 43 + b"=", b"", signatures))
    for wrong, code in ((other, "evidence.not_extended"), (b"nonsense", "evidence.input")):
        with pytest.raises(EvidenceRefused) as raised:
            kept_size(published, wrong)
        assert raised.value.code == code
