"""Pins how the merged log is read: the checkpoint's three lines, and bundles by their C2SP paths."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import LogDamaged
from audit.index.merged import Checkpoint, bundle_path, checkpoint, entries, unpack
from tests.audit.index.merging import lay_out

if TYPE_CHECKING:
    from pathlib import Path

ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("number", "width", "path"),
    [
        (0, 256, "tile/entries/000"),
        (0, 1, "tile/entries/000.p/1"),
        (273, 112, "tile/entries/273.p/112"),
        (1_234_067, 256, "tile/entries/x001/x234/067"),
        (1_000, 7, "tile/entries/x001/000.p/7"),
    ],
)
def test_a_bundle_lies_where_c2sp_says(number: int, width: int, path: str) -> None:
    """Groups of three digits, `x` before all but the last; a partial one with its width."""
    assert bundle_path(number, width) == path


def test_a_checkpoint_is_its_first_three_lines(tmp_path: Path) -> None:
    """Signatures and whatever else follows is not looked at."""
    (tmp_path / "checkpoint").write_text(f"a/log\n7\n{ROOT}\n\n— a/log AAAA\n")
    assert checkpoint(tmp_path) == Checkpoint("a/log", 7, bytes(32))


def test_a_log_that_was_never_merged_has_none(tmp_path: Path) -> None:
    """No file is no error."""
    assert checkpoint(tmp_path) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"a/log\n7\n",
        b"\n7\n" + ROOT.encode(),
        b"a/log\n07\n" + ROOT.encode(),
        b"a/log\n-7\n" + ROOT.encode(),
        b"a/log\n7\nAAAA",
        b"a/log\n7\n!" + ROOT.encode(),
        b"a/log\n7\n\xff" + ROOT.encode(),
        b"a/log\n" + b"7" * 20 + b"\n" + ROOT.encode(),
    ],
)
def test_what_is_no_checkpoint_is_damage(tmp_path: Path, data: bytes) -> None:
    """Never a guess at a size."""
    (tmp_path / "checkpoint").write_bytes(data)
    with pytest.raises(LogDamaged):
        checkpoint(tmp_path)


@pytest.mark.parametrize(("start", "end"), [(0, 600), (0, 1), (255, 257), (300, 300), (599, 600), (512, 600)])
def test_a_range_of_entries_is_read_across_bundles(tmp_path: Path, start: int, end: int) -> None:
    """Exactly those from the first up to the last, in order."""
    bodies = [b"entry %d" % number for number in range(600)]
    lay_out(tmp_path, bodies)
    assert list(entries(tmp_path, start, end)) == bodies[start:end]


@pytest.mark.parametrize("grown", [50, 256, 300])
def test_a_partial_bundle_may_have_grown_meanwhile(tmp_path: Path, grown: int) -> None:
    """Who holds an older checkpoint finds a wider one, or the full one, in place of the one that is gone."""
    bodies = [b"entry %d" % number for number in range(300)]
    lay_out(tmp_path, bodies[:grown])
    assert list(entries(tmp_path, 10, 40)) == bodies[10:40]


def test_a_bundle_with_too_few_entries_is_damage(tmp_path: Path) -> None:
    """It is not taken for a shorter log."""
    lay_out(tmp_path, [b"a", b"b", b"c"])
    (tmp_path / bundle_path(0, 3)).write_bytes(b"\0\1a\0\1b\0\7c")
    with pytest.raises(LogDamaged):
        list(entries(tmp_path, 0, 3))


@given(
    bodies=st.lists(st.binary(max_size=300), max_size=20), most=st.integers(0, 30), rest=st.binary(max_size=1)
)
def test_unpacking_is_the_inverse_of_packing(bodies: list[bytes], most: int, rest: bytes) -> None:
    """Also of entries without bytes, and of the first few only."""
    data = b"".join(len(body).to_bytes(2, "big") + body for body in bodies)
    assert unpack(data + rest, most) == bodies[:most]
