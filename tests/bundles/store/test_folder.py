"""Blobs in a folder: whole or not at all, one writer at a time, closed to others, and no way out of it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles.store.errors import StoreError
from bundles.store.folder import FolderBlobs

ROOT = Path(__file__).parents[3]
COUNT = """
import sys
from pathlib import Path
from bundles.store.errors import StoreError
from bundles.store.folder import FolderBlobs

blobs = FolderBlobs(Path(sys.argv[1]))
done = 0
while done < 100:
    found = blobs.read("n.json")
    try:
        blobs.write("n.json", b"%d" % (int(found[0]) + 1 if found else 1), found[1] if found else None)
    except StoreError as error:
        assert error.code == "store.conflict"
    else:
        done += 1
"""


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    """An empty store, in a folder that isn't there yet."""
    return FolderBlobs(tmp_path / "data" / "policies")


def code_of(act: object, *arguments: object) -> str:
    """The code with which something is refused."""
    with pytest.raises(StoreError) as raised:
        act(*arguments)  # type: ignore[operator]
    return raised.value.code


def test_writes_need_the_version_that_was_read(blobs: FolderBlobs) -> None:
    """A first write expects nothing there, a second one the version of the first, else it is a conflict."""
    assert blobs.read("a/b.json") is None
    first = blobs.write("a/b.json", b"1", None)
    assert blobs.read("a/b.json") == (b"1", first)
    assert code_of(blobs.write, "a/b.json", b"2", None) == "store.conflict"
    second = blobs.write("a/b.json", b"2", first)
    assert code_of(blobs.write, "a/b.json", b"3", first) == "store.conflict"
    assert code_of(blobs.write, "a/c.json", b"3", first) == "store.conflict"
    assert blobs.read("a/b.json") == (b"2", second)


def test_two_processes_lose_nothing(blobs: FolderBlobs) -> None:
    """Two processes that count in one file come to the sum: each write of the other one was noticed."""
    command = [sys.executable, "-c", COUNT, str(blobs.folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [each.wait(60) for each in running] == [0, 0]
    found = blobs.read("n.json")
    assert found
    assert found[0] == b"200"


def test_only_the_owner_can_look_in(blobs: FolderBlobs) -> None:
    """Folders have mode 0700 and files 0600, whatever the umask says."""
    before = os.umask(0)
    try:
        blobs.write("revisions/r-1/state.json", b"{}", None)
    finally:
        os.umask(before)
    found = [blobs.folder, *blobs.folder.rglob("*")]
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in found}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_names_are_the_keys_below_a_prefix(blobs: FolderBlobs) -> None:
    """Names are sorted, whole keys; the lock and what a crash left half-written aren't among them."""
    for key in ("revisions/r-2/state.json", "revisions/r-1/approvals/bob.jws", "active.json"):
        blobs.write(key, b"x", None)
    (blobs.folder / "revisions" / "r-2" / ".state.json.new").write_bytes(b"half")
    assert blobs.names("revisions/") == ["revisions/r-1/approvals/bob.jws", "revisions/r-2/state.json"]
    assert blobs.names("revisions/r-1") == ["revisions/r-1/approvals/bob.jws"]
    assert blobs.names("nothing/") == []


@given(st.text(min_size=1, max_size=40))
def test_no_key_leads_out(key: str) -> None:
    """A key is a path of plain names below the folder, or it is refused."""
    folder = Path("/nonexistent/store")
    try:
        path = FolderBlobs(folder)._path(key)
    except StoreError as error:
        assert error.code == "store.unknown"
    else:
        assert Path(os.path.normpath(path)).is_relative_to(folder)
        assert path != folder


@pytest.mark.parametrize("key", ["../x", "/etc/passwd", "a//b", "a/../b", ".lock", "a/.b", "a\n", "", "a\0b"])
def test_traversal_is_refused(key: str, blobs: FolderBlobs) -> None:
    """A revision from a command line or from `active.json` can't name a file elsewhere."""
    assert code_of(blobs.read, key) == "store.unknown"
    assert code_of(blobs.write, key, b"", None) == "store.unknown"


def test_a_link_in_place_of_the_new_file_is_not_followed(blobs: FolderBlobs, tmp_path: Path) -> None:
    """Whoever plants a link where the next version is written doesn't get another file overwritten."""
    version = blobs.write("active.json", b"1", None)
    victim = tmp_path / "victim"
    victim.write_bytes(b"dear")
    (blobs.folder / ".active.json.new").symlink_to(victim)
    assert code_of(blobs.write, "active.json", b"2", version) == "store.unavailable"
    assert victim.read_bytes() == b"dear"


def test_a_failed_write_leaves_the_old_content(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, or one that fails to sync, changes nothing."""
    version = blobs.write("active.json", b"1", None)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    assert code_of(blobs.write, "active.json", b"2", version) == "store.unavailable"
    monkeypatch.undo()
    assert blobs.read("active.json") == (b"1", version)
    assert [path.name for path in blobs.folder.iterdir() if path.name != ".lock"] == ["active.json"]


def test_what_is_no_folder_is_said(tmp_path: Path) -> None:
    """A store that can't be read or written gives its own code."""
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert FolderBlobs(file).read("active.json") is None
    assert code_of(FolderBlobs(file).write, "active.json", b"", None) == "store.unavailable"
    (tmp_path / "active.json").mkdir()
    assert code_of(FolderBlobs(tmp_path).read, "active.json") == "store.unavailable"
