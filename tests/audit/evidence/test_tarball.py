"""Pins the tar of a pack: any reader's tar, and the same bytes for the same files."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.evidence.tarball import Tarball, _head

NAMES = st.from_regex(r"[a-z]{1,20}(/[a-z]{1,20})?", fullmatch=True)
FILES = st.dictionaries(NAMES, st.binary(max_size=2_000), max_size=5)


def tarred(files: dict[str, bytes], piece: int) -> bytes:
    """Write a tar, each member in pieces of so many bytes."""
    out = io.BytesIO()
    tar = Tarball(out)
    for name, data in files.items():
        with tar.member(name) as member:
            for at in range(0, len(data), piece):
                member.write(data[at : at + piece])
    tar.finish()
    return out.getvalue()


@given(files=FILES, piece=st.integers(1, 700))
def test_python_reads_what_was_written(files: dict[str, bytes], piece: int) -> None:
    """However the members were cut into pieces; nothing in it is of this time or this machine."""
    data = tarred(files, piece)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = tar.getmembers()
        found = {each.name: (tar.extractfile(each) or io.BytesIO()).read() for each in members}
    assert found == files
    assert {(each.mtime, each.uid, each.gid, each.uname, each.mode) for each in members} <= {
        (0, 0, 0, "", 0o644)
    }
    assert len(data) % 10_240 == 0
    assert data == tarred(files, 1_000)


def test_a_member_may_be_larger_than_8_gigabytes() -> None:
    """Its head still fits in one block, so that it can be written again."""
    head = _head("entries.jsonl", 9 << 30)
    assert tarfile.TarInfo.frombuf(head, "ascii", "strict").size == 9 << 30


def test_a_name_that_needs_more_than_a_block_is_refused() -> None:
    """It would move what follows."""
    with pytest.raises(ValueError, match="one block"):
        Tarball(io.BytesIO()).add("x" * 101, b"")
