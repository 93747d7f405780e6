"""Pins recovery: what is whole stays, what is torn goes, what no crash explains is not touched."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import frames
from audit.errors import LogDamaged
from audit.ports import Ports
from audit.tlog.tree import leaf_hash, root_of
from audit.writing.segments import MAX_TORN_BYTES, SEGMENT_BYTES, Segments

BODIES = [b'{"n":%d,"pad":"%s"}' % (number, b"x" * number) for number in range(12)]


def write(segments: Segments, *bodies: bytes) -> None:
    """Append each body as a group of its own."""
    for body in bodies:
        after = segments.frontier.copy()
        after.append(leaf_hash(body))
        group = frames.pack(body)
        segments.make_room(len(group))
        segments.append(group, after)


def made(slot: Path, *bodies: bytes, close: bool = True) -> Path:
    """Make a writer's folder with these bodies and return its last segment."""
    slot.mkdir(exist_ok=True)
    segments = Segments(slot, Ports())
    write(segments, *bodies)
    segments.close() if close else segments.abandon()
    return max((slot / "seg").glob("*.log"))


def reopened(slot: Path) -> Segments:
    """Recover and let go of the file at once."""
    segments = Segments(slot, Ports())
    segments.abandon()
    return segments


def test_a_clean_close_leaves_frames_and_nothing_else(tmp_path: Path) -> None:
    """The zeros written ahead are cut, and the tree comes back without a gap."""
    path = made(tmp_path, *BODIES)
    assert path.read_bytes() == b"".join(map(frames.pack, BODIES))
    again = reopened(tmp_path)
    assert (again.frontier.size, again.frontier.root()) == (len(BODIES), root_of(map(leaf_hash, BODIES)))
    assert again.torn is None


def test_zeros_written_ahead_are_no_torn_end(tmp_path: Path) -> None:
    """After a kill the segment ends in zeros; that is a whole log."""
    path = made(tmp_path, *BODIES, close=False)
    assert path.stat().st_size > sum(len(frames.pack(body)) for body in BODIES)
    again = reopened(tmp_path)
    assert again.frontier.size == len(BODIES)
    assert again.torn is None


@pytest.mark.parametrize("zeros", [0, 4096], ids=["file cut", "zeros behind"])
def test_a_tail_torn_at_every_byte_is_cut_exactly(tmp_path: Path, zeros: int) -> None:
    """Wherever the last frame broke off, all before it stays, and what was cut is kept and told."""
    path = made(tmp_path, *BODIES, close=False)
    whole, last = b"".join(map(frames.pack, BODIES[:-1])), frames.pack(BODIES[-1])
    for length in range(len(last)):
        path.write_bytes(whole + last[:length] + bytes(zeros))
        again = reopened(tmp_path)
        assert again.frontier.size == len(BODIES) - 1
        assert again.frontier.root() == root_of(map(leaf_hash, BODIES[:-1]))
        assert path.read_bytes() == whole
        left = last[:length].rstrip(b"\x00")
        if left:
            assert again.torn is not None
            assert again.torn.size == len(left)
            assert (tmp_path / "torn" / f"{len(BODIES) - 1:012d}.bin").read_bytes() == left
        else:
            assert again.torn is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=4), min_size=1, max_size=5), st.data())
def test_any_life_with_kills_keeps_what_was_durable(
    tmp_path: Path, lives: list[list[int]], data: st.DataObject
) -> None:
    """Closed, killed or torn: each life continues exactly where the durable records end."""
    slot = tmp_path / "slot"
    shutil.rmtree(slot, ignore_errors=True)
    slot.mkdir()
    durable: list[bytes] = []
    for life in lives:
        segments = Segments(slot, Ports())
        assert segments.frontier.root() == root_of(map(leaf_hash, durable))
        bodies = [BODIES[number] for number in life]
        write(segments, *bodies)
        durable += bodies
        if data.draw(st.booleans()):
            segments.close()
        else:
            torn = frames.pack(b'{"torn":1}')[: data.draw(st.integers(0, 17))]
            Ports().write_all(segments._fd, torn, segments._offset)
            segments.abandon()
    assert reopened(slot).frontier.root() == root_of(map(leaf_hash, durable))


def test_a_full_segment_is_closed_and_the_next_is_named_by_its_first_record(tmp_path: Path) -> None:
    """Segments join without a hole, and a start needs to read the last one only."""
    body = b'{"pad":"%s"}' % (b"x" * 65_000)
    group, count = frames.pack(body) * 15, 80
    segments = Segments(tmp_path, Ports())
    for _ in range(count):
        after = segments.frontier.copy()
        for _ in range(15):
            after.append(leaf_hash(body))
        segments.make_room(len(group))
        segments.append(group, after)
    expected = segments.frontier.root()
    segments.abandon()
    paths = sorted((tmp_path / "seg").glob("*.log"))
    per_segment = SEGMENT_BYTES // len(group) * 15
    assert [path.stem for path in paths] == ["000000000000", f"{per_segment:012d}"]
    assert reopened(tmp_path).frontier.root() == expected
    (tmp_path / "head.json").unlink()
    assert reopened(tmp_path).frontier.root() == expected
    with paths[0].open("r+b") as file:
        file.truncate(paths[0].stat().st_size - 1)
    with pytest.raises(LogDamaged, match="whole record"):
        Segments(tmp_path, Ports())


def test_a_log_shorter_than_its_head_is_not_continued(tmp_path: Path) -> None:
    """Whoever cut the end off would otherwise have it confirmed by the next start."""
    path = made(tmp_path, *BODIES)
    path.write_bytes(b"".join(map(frames.pack, BODIES[:-1])))
    with pytest.raises(LogDamaged) as caught:
        Segments(tmp_path, Ports())
    assert caught.value.code == "log.rolled_back"


def test_other_records_than_its_head_are_not_continued(tmp_path: Path) -> None:
    """A record that was exchanged is noticed at the next start."""
    path = made(tmp_path, *BODIES)
    path.write_bytes(b"".join(map(frames.pack, [b"{}", *BODIES[1:]])))
    with pytest.raises(LogDamaged) as caught:
        Segments(tmp_path, Ports())
    assert caught.value.code == "log.damaged"


def test_damage_far_from_the_end_is_not_cut_away(tmp_path: Path) -> None:
    """More than one group behind a broken frame is no torn write: nothing is changed."""
    path = made(tmp_path, *BODIES, close=False)
    damaged = frames.pack(BODIES[0]) + b"\x01" * (MAX_TORN_BYTES + 1)
    path.write_bytes(damaged)
    with pytest.raises(LogDamaged) as caught:
        Segments(tmp_path, Ports())
    assert caught.value.code == "log.damaged"
    assert path.read_bytes() == damaged


@pytest.mark.parametrize(
    "text", [b"", b"[]", b'{"start":1}', b'{"start":0,"hashes":[],"start_root":"","size":1}']
)
def test_a_hint_that_is_none_is_ignored(tmp_path: Path, text: bytes) -> None:
    """The head only saves time; without it everything is read."""
    made(tmp_path, *BODIES)
    (tmp_path / "head.json").write_bytes(text)
    assert reopened(tmp_path).frontier.root() == root_of(map(leaf_hash, BODIES))


def test_after_a_failed_sync_the_group_is_gone_and_a_new_segment_begins(tmp_path: Path) -> None:
    """What nobody was promised is cut, what was promised stays, and the old file is not written again."""
    failing = False

    def fdatasync(fd: int) -> None:
        if failing:
            raise OSError(5, "input/output error")

    segments = Segments(tmp_path, Ports(fdatasync=fdatasync))
    write(segments, *BODIES[:3])
    failing = True
    with pytest.raises(OSError, match="input/output"):
        write(segments, BODIES[3])
    segments.abandon()
    with pytest.raises(OSError, match="input/output"):
        segments.reopen()
    failing = False
    segments.reopen()
    write(segments, *BODIES[4:6])
    segments.close()
    kept = [*BODIES[:3], *BODIES[4:6]]
    assert sorted(path.stem for path in (tmp_path / "seg").glob("*.log")) == ["000000000000", "000000000003"]
    assert reopened(tmp_path).frontier.root() == root_of(map(leaf_hash, kept))


def test_durable_records_that_vanished_keep_the_log_down(tmp_path: Path) -> None:
    """Going on without them would bury the loss."""
    segments = Segments(tmp_path, Ports())
    write(segments, *BODIES)
    segments.abandon()
    (tmp_path / "seg" / "000000000000.log").write_bytes(frames.pack(BODIES[0]))
    with pytest.raises(LogDamaged) as caught:
        segments.reopen()
    assert caught.value.code == "log.damaged"
