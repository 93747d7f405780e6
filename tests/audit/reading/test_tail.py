"""Pins how the end of a writer's log is read: from a place on, either way, no further than is durable."""

from __future__ import annotations

import tempfile
from pathlib import Path
from zlib import crc32

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.frames import HEADER_BYTES
from audit.index.place import Place
from audit.reading import tail
from audit.reading.tail import Tail, durable
from tests.audit.index.merging import write


def records(count: int, *, pad: int = 0) -> list[bytes]:
    """Make numbered records of one boot."""
    return [
        orjson.dumps({"writer": {"id": "w0", "boot": 0}, "wseq": number, "pad": "x" * pad})
        for number in range(count)
    ]


def place(bodies: list[bytes], size: int, segment: int) -> Place:
    """Return where the index would be after `size` records, of which the last is in a segment."""
    offset = sum(HEADER_BYTES + len(body) for body in bodies[segment:size])
    return Place(size, 0, size - 1, segment, offset)


def backwards(slot: Path, where: Place) -> list[tuple[int, bytes]]:
    """Read a tail newest first."""
    return [each for part in Tail(slot, where).newest_first() for each in part]


def say_durable(slot: Path, count: int) -> None:
    """Write the writer's mark."""
    data = count.to_bytes(8, "big")
    (slot / "durable").write_bytes(data + crc32(data).to_bytes(4, "big"))


@given(
    count=st.integers(0, 30),
    cuts=st.sets(st.integers(1, 29), max_size=3),
    size=st.integers(0, 30),
    hinted=st.booleans(),
    promised=st.none() | st.integers(0, 30),
    chunk=st.sampled_from((100, 1 << 20)),
)
def test_both_directions_give_what_follows_the_place(
    *, count: int, cuts: set[int], size: int, hinted: bool, promised: int | None, chunk: int
) -> None:
    """Whatever segments there are, with and without a hint where to begin."""
    bodies = records(count)
    starts = [0, *sorted(cut for cut in cuts if cut < count)]
    size = min(size, count)
    segment = max(start for start in starts if start <= size)
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tail, "_CHUNK_BYTES", chunk)
        slot = Path(name, "w0")
        write(slot, bodies, starts)
        if promised is not None:
            say_durable(slot, promised)
        where = place(bodies, size, segment) if hinted else Place(size=size)
        expected = list(enumerate(bodies))[size:promised]
        assert list(Tail(slot, where).oldest_first()) == [body for _, body in expected]
        assert backwards(slot, where) == expected[::-1]


@pytest.mark.parametrize(("segment", "offset"), [(0, 3), (0, 1 << 30), (5, 0), (7, 10)])
def test_a_wrong_hint_costs_time_and_nothing_else(tmp_path: Path, segment: int, offset: int) -> None:
    """An index of other segments may say anything about where to begin."""
    bodies = records(20)
    write(tmp_path / "w0", bodies, [0, 7])
    where = Place(9, 0, 8, segment, offset)
    assert backwards(tmp_path / "w0", where) == list(enumerate(bodies))[:8:-1]


def test_a_hint_spares_reading_the_segment_from_its_beginning(tmp_path: Path) -> None:
    """The frames before it are not even looked at: here they are no frames."""
    bodies = records(20)
    write(tmp_path / "w0", bodies)
    (path,) = (tmp_path / "w0" / "seg").glob("*.log")
    where = place(bodies, 12, 0)
    path.write_bytes(b"\xff" * where.offset + path.read_bytes()[where.offset :])
    assert backwards(tmp_path / "w0", where) == list(enumerate(bodies))[:11:-1]


def test_a_next_boot_is_known_as_what_follows(tmp_path: Path) -> None:
    """Its numbers begin anew."""
    bodies = [*records(3), orjson.dumps({"writer": {"id": "w0", "boot": 1}, "wseq": 0})]
    write(tmp_path / "w0", bodies)
    assert backwards(tmp_path / "w0", place(bodies, 3, 0)) == [(3, bodies[3])]


def test_a_torn_end_is_left_alone(tmp_path: Path) -> None:
    """What is whole before it is read."""
    bodies = records(5, pad=1000)
    write(tmp_path / "w0", bodies)
    (path,) = (tmp_path / "w0" / "seg").glob("*.log")
    path.write_bytes(path.read_bytes().rstrip(b"\0") + b"\0\0\1\0torn")
    assert [index for index, _ in backwards(tmp_path / "w0", place(bodies, 3, 0))] == [4, 3]
    assert backwards(tmp_path / "w0", place(bodies, 5, 0)) == []


def test_a_mark_counts_only_if_it_is_whole(tmp_path: Path) -> None:
    """A torn one says nothing, as none does."""
    assert durable(tmp_path) is None
    say_durable(tmp_path, 7)
    assert durable(tmp_path) == 7
    data = (tmp_path / "durable").read_bytes()
    for broken in (b"", data[:-1], data + b"\0", b"\1" + data[1:]):
        (tmp_path / "durable").write_bytes(broken)
        assert durable(tmp_path) is None
