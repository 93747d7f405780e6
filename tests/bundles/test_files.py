"""Reading a bundle's files: folders and archives alike; known ways to smuggle something in are refused."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bundles import files as reading
from bundles.errors import BundleError


def _archive(path: Path, members: list[tuple[str, bytes] | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                name, content = member
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def _info(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def _code(path: Path) -> str:
    with pytest.raises(BundleError) as raised:
        reading.read_files(path)
    return raised.value.code


def test_folder_and_archive_read_alike(folder: Path, files: Mapping[str, bytes], tmp_path: Path) -> None:
    """The same files come out of a folder, and of an archive in either spelling of names, in sorted order."""
    for prefix in ("", "/", "./"):
        packed = _archive(
            tmp_path / "bundle.tar.gz", [(prefix + n, c) for n, c in reversed(list(files.items()))]
        )
        assert reading.read_files(folder) == reading.read_files(packed) == files
        assert list(reading.read_files(packed)) == sorted(files)


def test_folders_in_archives_are_passed_over(tmp_path: Path) -> None:
    """An archive may list its folders."""
    packed = _archive(tmp_path / "b.tar.gz", [_info("gateway", tarfile.DIRTYPE), ("data.json", b"{}")])
    assert reading.read_files(packed) == {"data.json": b"{}"}


@pytest.mark.parametrize(
    "name",
    [
        "../data.json",
        "a/../../data.json",
        "//etc/passwd",
        "a//b.rego",
        "a/./b.rego",
        "a\\b.rego",
        "a\nb.rego",
    ],
)
def test_traversal_is_refused(name: str, tmp_path: Path) -> None:
    """No name leads out of the bundle, or reads as another name."""
    assert _code(_archive(tmp_path / "b.tar.gz", [(name, b"{}")])) == "bundle.malformed"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(kind: bytes, tmp_path: Path) -> None:
    """An archive holds plain files only."""
    packed = _archive(tmp_path / "b.tar.gz", [_info("data.json", kind, "/etc/passwd")])
    assert _code(packed) == "bundle.malformed"


@pytest.mark.parametrize(
    "names", [["data.json", "data.json"], ["/data.json", "data.json"], ["./a.rego", "a.rego"]]
)
def test_names_given_twice_are_refused(names: list[str], tmp_path: Path) -> None:
    """Two files of one name: two readers could take different ones."""
    assert _code(_archive(tmp_path / "b.tar.gz", [(name, b"{}") for name in names])) == "bundle.malformed"


@pytest.mark.parametrize(
    "place",
    [
        lambda root: root / "linked.rego",
        lambda root: root / "gateway" / "linked",
        lambda root: root / "linked",
    ],
)
def test_links_in_folders_are_refused(place: Callable[[Path], Path], folder: Path, tmp_path: Path) -> None:
    """A link in a folder, to a file or to a folder, could fetch anything of the machine into a bundle."""
    (tmp_path / "outside").mkdir()
    place(folder).symlink_to(tmp_path / "outside")
    assert _code(folder) == "bundle.malformed"


def test_a_linked_file_is_refused(folder: Path, tmp_path: Path) -> None:
    """Nor may a file be a link to a file."""
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    (folder / "data.json").unlink()
    (folder / "data.json").symlink_to(secret)
    assert _code(folder) == "bundle.malformed"


def test_a_named_pipe_is_refused_at_once(folder: Path) -> None:
    """Reading a pipe would wait for a writer for ever."""
    os.mkfifo(folder / "pipe.rego")
    assert _code(folder) == "bundle.malformed"


def test_the_path_itself_may_be_a_link(folder: Path, files: Mapping[str, bytes], tmp_path: Path) -> None:
    """An operator may point `current` at a bundle."""
    (tmp_path / "current").symlink_to(folder)
    assert reading.read_files(tmp_path / "current") == files


def test_limits(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More files, a larger file or more bytes in total than permitted are too large, whatever they hold."""
    packed = _archive(tmp_path / "b.tar.gz", [("a.rego", b"x" * 600), ("b.rego", b"x" * 600)])
    for limit, value in (("MAX_FILES", 1), ("MAX_FILE_BYTES", 10), ("MAX_TOTAL_BYTES", 100)):
        with monkeypatch.context() as smaller:
            smaller.setattr(reading, limit, value)
            assert {_code(packed), _code(folder)} == {"bundle.too_large"}


def test_a_bomb_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small archive that unpacks to much more is refused before it is unpacked, wherever the bytes hide."""
    monkeypatch.setattr(reading, "MAX_TOTAL_BYTES", 100_000)
    plain = _archive(tmp_path / "plain.tar.gz", [("a.rego", b"\0" * 5_000_000)])
    header = _info("a.rego", tarfile.REGTYPE)
    header.pax_headers = {"comment": "x" * 5_000_000}
    hidden = _archive(tmp_path / "hidden.tar.gz", [header])
    assert plain.stat().st_size < 10_000
    assert {_code(plain), _code(hidden)} == {"bundle.too_large"}


def test_what_is_missing_is_unreadable(tmp_path: Path) -> None:
    """No bundle there is another failure than a broken one."""
    assert _code(tmp_path / "nowhere") == "bundle.unreadable"


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x1f\x8b", gzip.compress(b"no tar at all" * 100, mtime=0)]
)
def test_what_is_no_archive_is_malformed(content: bytes, tmp_path: Path) -> None:
    """Anything but a gzip of a tar is malformed."""
    path = tmp_path / "b.tar.gz"
    path.write_bytes(content)
    assert _code(path) == "bundle.malformed"


@given(cut=st.integers(0, 200), flipped=st.integers(0, 200), bit=st.integers(0, 7))
def test_damage_is_a_bundle_error(
    cut: int, flipped: int, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However an archive is damaged, reading gives files or a `BundleError`, never another exception."""
    path = tmp_path_factory.mktemp("damaged") / "b.tar.gz"
    whole = bytearray(_archive(path, [("data.json", b'{"a": 1}'), ("a.rego", b"package a")]).read_bytes())
    whole[min(flipped, len(whole) - 1)] ^= 1 << bit
    path.write_bytes(whole[: len(whole) - cut if cut < len(whole) else 0])
    try:
        reading.read_files(path)
    except BundleError as error:
        assert error.code in {"bundle.malformed", "bundle.too_large"}


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    """A key or a question is small; a file of another size is another file, and memory isn't spent on it."""
    (tmp_path / "key").write_bytes(b"12345")
    assert reading.read_small(tmp_path / "key", 5) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes") as raised:
        reading.read_small(tmp_path / "key", 4)
    assert raised.value.filename == str(tmp_path / "key")
