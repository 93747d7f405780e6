"""Pins frames that can be overwritten in place: found behind damage, gone when erased, whatever they hold."""

import os
import secrets
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ports import Ports
from audit.vault import erasable

MAGIC = b"rgt1"
BODIES = st.lists(st.binary(max_size=80) | st.just(MAGIC * 9), max_size=6)


def written(path: Path, bodies: list[bytes]) -> list[bytes]:
    """A file of frames; returns their keys."""
    keys = [secrets.token_bytes(16) for _ in bodies]
    frames = [erasable.pack(MAGIC, key, len(body)) + body for key, body in zip(keys, bodies, strict=True)]
    path.write_bytes(b"".join(frames))
    return keys


def read(path: Path) -> list[tuple[bytes, bytes, bool]]:
    """Key, body and whether it was erased, of each frame."""
    with erasable.open_to_read(path) as file:
        return [
            (frame.key, erasable.body(file.fileno(), frame), frame.erased)
            for frame in erasable.scan(file, MAGIC)
        ]


@given(bodies=BODIES, which=st.sets(st.integers(0, 5)))
def test_what_is_erased_is_zero_and_the_rest_as_before(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], which: set[int]
) -> None:
    """Erased frames keep place and key; no byte of their bodies is left, and the others don't change."""
    path = tmp_path_factory.mktemp("frames") / "f.bin"
    keys = written(path, bodies)
    gone = {key for number, key in enumerate(keys) if number in which}
    for _ in range(2):  # a second time is harmless
        erased = erasable.erase([path], MAGIC, lambda _, frame: frame.key in gone, Ports())
        assert set(erased) == gone

    expected = [
        (key, bytes(len(body)) if key in gone else body, key in gone)
        for key, body in zip(keys, bodies, strict=True)
    ]
    assert read(path) == expected


@given(bodies=BODIES, cut=st.integers(0, 200))
def test_a_torn_end_is_told_from_what_is_whole(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], cut: int
) -> None:
    """Wherever a kill ends the file: frames before it are found, and `whole` says where they end."""
    path = tmp_path_factory.mktemp("frames") / "f.bin"
    keys = written(path, bodies)
    size = max(0, path.stat().st_size - cut)
    os.truncate(path, size)
    ends = [0]
    for body in bodies:
        ends.append(ends[-1] + 32 + len(body))
    found = [key for key, _, _ in read(path)]

    assert found == keys[: len([end for end in ends[1:] if end <= size])]
    with path.open("rb") as file:
        assert erasable.whole(MAGIC)(file.fileno()) == max(end for end in ends if end <= size)


@given(garbage=st.binary(max_size=300))
def test_garbage_is_no_frame(tmp_path_factory: pytest.TempPathFactory, garbage: bytes) -> None:
    """Nothing that happens to stand in a file is taken for one, and a frame behind it is found."""
    path = tmp_path_factory.mktemp("frames") / "f.bin"
    (key,) = written(path, [b"body"])
    path.write_bytes(garbage + path.read_bytes())

    assert (key, b"body", False) in read(path)


def test_a_file_that_is_gone_has_nothing_to_erase(tmp_path: Path) -> None:
    """Erasing and pruning may meet."""
    assert erasable.erase([tmp_path / "none.bin"], MAGIC, lambda *_: True, Ports()) == []
