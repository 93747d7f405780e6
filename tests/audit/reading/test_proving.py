"""Pins that proofs hold for whoever verifies them, and that none is made of tiles that don't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from audit.errors import LogDamaged
from audit.index import merged
from audit.reading.proving import consistency, inclusion
from audit.tlog.proof import LogProof
from audit.tlog.tree import EMPTY_ROOT, leaf_hash, root_of, verify_consistency
from audit.tlog.trust import TrustPolicy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.log import AuditLog
    from audit.record import Record

    OpenLog = Callable[..., AuditLog]
    Make = Callable[..., Record]
    Merge = Callable[..., int]


@pytest.fixture
async def entries(open_log: OpenLog, make_decision: Make, sequence: Merge, folder: Path) -> list[bytes]:
    """Merge some 600 records in two turns."""
    log = open_log()
    size = 0
    for turn in range(2):
        for number in range(300):
            await log.append(make_decision(request_id=f"r{turn}-{number}"))
        size = sequence(indexed=False)
    return list(merged.entries(folder, 0, size))


def test_each_proof_verifies_by_the_logs_own_key(entries: list[bytes], folder: Path) -> None:
    """For the entry that it is of, and for no other."""
    policy = TrustPolicy.parse(f"log {(folder / 'log.vkey').read_text().strip()}\nquorum none\n".encode())
    for index in (0, 1, 255, 256, len(entries) - 1):
        data = inclusion(folder, index)
        assert data is not None
        proof = LogProof.parse(data)
        assert (proof.index, proof.verify(entries[index], policy).checkpoint.size) == (index, len(entries))
        with pytest.raises(Exception, match=r"proof\.inclusion"):
            proof.verify(entries[index - 1], policy)


@pytest.mark.parametrize("sizes", [(1, 600), (255, 257), (300, None), (602, None), (7, 7)])
def test_each_size_is_the_beginning_of_every_later_one(
    sizes: tuple[int, int | None], entries: list[bytes], folder: Path
) -> None:
    """With the roots of both."""
    found = consistency(folder, *sizes)
    assert found is not None
    leaves = [leaf_hash(entry) for entry in entries]
    new = len(entries) if sizes[1] is None else sizes[1]
    assert (found.old_root, found.new_root) == (root_of(leaves[: sizes[0]]), root_of(leaves[:new]))
    assert verify_consistency(sizes[0], new, found.old_root, found.new_root, found.hashes)


def test_the_empty_log_is_the_beginning_of_every_one(entries: list[bytes], folder: Path) -> None:
    """Its root is that of nothing, and no proof is needed."""
    found = consistency(folder, 0, 5)
    assert found is not None
    assert (found.old_root, found.hashes) == (EMPTY_ROOT, ())


@pytest.mark.parametrize("sizes", [(5, 4), (0, 10**9), (10**9, None), (-1, 4)])
def test_sizes_that_the_log_never_had_have_no_proof(
    sizes: tuple[int, int | None], entries: list[bytes], folder: Path
) -> None:
    """Nor has an entry beyond the checkpoint."""
    assert consistency(folder, *sizes) is None
    assert inclusion(folder, len(entries)) is None


def test_before_the_first_checkpoint_there_is_no_proof(open_log: OpenLog, folder: Path) -> None:
    """But that of nothing."""
    open_log()
    assert inclusion(folder, 0) is None
    assert consistency(folder, 1, None) is None


def test_tiles_of_another_tree_make_no_proof(entries: list[bytes], folder: Path) -> None:
    """A damaged log is said to be damaged."""
    path = folder / "tile" / "0" / "000"
    path.write_bytes(bytes(8192))
    with pytest.raises(LogDamaged, match="not those of the checkpoint"):
        inclusion(folder, 3)
    (folder / "checkpoint").write_text("nothing")
    with pytest.raises(LogDamaged, match="not those of the checkpoint"):
        inclusion(folder, 3)
