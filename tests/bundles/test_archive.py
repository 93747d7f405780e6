"""Packing: what OPA loads and Regent reads again, the same bytes each time."""

import io
import tarfile
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles.archive import pack
from bundles.files import read_archive

PART = st.text("abcXYZ019_-. äß", min_size=1, max_size=60).filter(lambda part: part not in {".", ".."})
NAMES = st.lists(PART, min_size=1, max_size=6).map("/".join).filter(lambda name: len(name) < 300)


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=8))
def test_what_is_packed_reads_again(files: dict[str, bytes]) -> None:
    """Whatever the names' length and letters, every file comes back as it was."""
    assert read_archive(pack(files)) == files


def test_the_same_files_give_the_same_bytes(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """In any order and at any time, so that whoever builds again can compare."""
    first = pack(files)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert first == pack(dict(reversed(list(files.items()))))


def test_nothing_of_the_machine_is_in_it(files: dict[str, bytes]) -> None:
    """Names as OPA writes them, mode 0600, no time, no owner, no name of a file on disk."""
    packed = pack(files)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == [f"/{name}" for name in sorted(files)]
    assert {(m.mode, m.mtime, m.uid, m.gid, m.uname, m.gname) for m in members} == {(0o600, 0, 0, 0, "", "")}
    assert packed[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"  # no flags, so no name; no time
