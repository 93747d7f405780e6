"""Pins which files readers get: the layout's, as far as the checkpoint covers them, and a few names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import LogDamaged
from audit.reading import published
from audit.tlog.tiles import Bundle, Tile, new_bundles, new_tiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.log import AuditLog
    from audit.record import Record

    OpenLog = Callable[..., AuditLog]
    Make = Callable[..., Record]
    Merge = Callable[..., int]

HOSTILE = [
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "../secret",
    "tile",
    "tile/",
    "tile/0",
    "tile/0/",
    "tile/0/../../secret",
    "tile/0/000/../../../secret",
    "tile/0/0",
    "tile/0/0000",
    "tile/0/x000",
    "tile/0/000.p",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/000.p/05",
    "tile/0/000.p/5/",
    "tile/0//000",
    "tile/00/000",
    "tile/64/000",
    "tile/-1/000",
    "tile/entries/..",
    "tile/entries/000\0",
    "tile/entries/\u0660\u0660\u0660",
    "keys/log.key",
    "keys/log-mldsa.key",
    "keys",
    "keys/../keys/log.vkey",
    "vault/subjects.db",
    "index.db",
    "writers/w0/seg/000000000000.log",
    "checkpoint/",
    "./checkpoint",
    "CHECKPOINT",
    "head",
    "merge.json",
]


@pytest.fixture
async def size(open_log: OpenLog, make_decision: Make, sequence: Merge) -> int:
    """Merge some 300 records."""
    log = open_log()
    for number in range(300):
        await log.append(make_decision(request_id=f"r{number}"))
    return sequence(indexed=False)


def test_the_whole_layout_is_there(size: int, folder: Path) -> None:
    """Every tile and bundle of the checkpoint's tree, byte for byte; only full ones last."""
    files: list[Tile | Bundle] = [*new_tiles(0, size), *new_bundles(0, size)]
    for wanted in files:
        found = published.read(folder, wanted.path)
        assert found is not None
        assert (found.data, found.text) == ((folder / wanted.path).read_bytes(), False)
        assert found.lasting == (wanted.width == 256)


def test_the_public_names_are_there(size: int, folder: Path) -> None:
    """The signed head, the log's name and its keys; of a key that was never changed there is no old one."""
    for name in ("checkpoint", "log.vkey", "origin.json"):
        found = published.read(folder, name)
        assert found is not None
        assert (found.data, found.text, found.lasting) == ((folder / name).read_bytes(), True, False)
    assert published.read(folder, "keys/rotations.notes") is None


def test_every_hostile_name_is_none(size: int, folder: Path) -> None:
    """Whatever leads elsewhere, or is spelt otherwise than the layout spells it."""
    (folder.parent / "secret").write_text("secret")
    for name in HOSTILE:
        assert published.read(folder, name) is None, name


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    name=st.text(max_size=40)
    | st.lists(st.sampled_from(["tile", "0", "000", "..", "entries", "keys", "p", "5", ""])).map("/".join)
)
def test_no_name_raises(size: int, folder: Path, name: str) -> None:
    """A reader can write anything into a URL."""
    found = published.read(folder, name)
    assert found is None or not name.startswith("..")


def test_what_the_checkpoint_does_not_cover_is_not_there(size: int, folder: Path) -> None:
    """It may be left from a merge that broke off, and be written over."""
    for path in ("tile/0/001", f"tile/0/001.p/{size - 256 + 1}", "tile/1/000", "tile/entries/007"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(bytes(32))
        assert published.read(folder, path) is None, path


def test_before_the_first_checkpoint_there_are_no_tiles(open_log: OpenLog, folder: Path) -> None:
    """Only the log's name and its key."""
    open_log()
    assert published.read(folder, "checkpoint") is None
    assert published.read(folder, "tile/0/000.p/1") is None
    assert published.read(folder, "log.vkey") is not None


def test_a_file_that_is_too_long_is_damage(size: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read no further than any file of a log is long."""
    monkeypatch.setattr(published, "MAX_BYTES", 10)
    with pytest.raises(LogDamaged, match="longer"):
        published.read(folder, "checkpoint")
