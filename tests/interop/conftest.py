"""What the tests of strangers' readers share: logs of exact sizes, and the public logs."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import pytest

from tests.interop import tiled_log

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS: Final = Path(__file__).parents[3] / "shared" / "data" / "tlog-vectors"


class MergedLog(Protocol):
    """Write a log and say what must be found in it."""

    def __call__(self, size: int, *, post_quantum: bool) -> tiled_log.TiledLog:
        """Return a log whose checkpoint covers `size` entries, with an ML-DSA-44 line if so wished."""
        ...


@pytest.fixture
def merged_log(tmp_path: Path) -> MergedLog:
    """Write logs with the tests' own writer; whatever else writes logs takes its place by this signature."""

    def write(size: int, *, post_quantum: bool) -> tiled_log.TiledLog:
        entries = [b'{"n":%d}' % number for number in range(size)]
        return tiled_log.write(tmp_path / "log", entries, tiled_log.Signer(post_quantum=post_quantum))

    return write


@pytest.fixture
def public_log(tmp_path: Path) -> Callable[[str], tuple[Path, dict[str, Any]]]:
    """Unpack one of the public logs; the value is its folder and its row."""

    def unpack(name: str) -> tuple[Path, dict[str, Any]]:
        row = next(row for row in rows("logs.jsonl") if row["name"] == name)
        folder = tmp_path / name
        with tarfile.open(VECTORS / row["archive"]) as archive:
            archive.extractall(folder, filter="data")
        return folder, row

    return unpack


def rows(file: str) -> list[dict[str, Any]]:
    """Read a file of the public vectors; nothing where they are not on this machine."""
    path = VECTORS / file
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    )


def public(file: str, wanted: Callable[[dict[str, Any]], bool], name: str = "id") -> list[Any]:
    """Name the rows of a file for `parametrize`: one skipped case where there are none."""
    found = [row[name] for row in rows(file) if wanted(row)]
    why = "the public vectors of transparency logs are not on this machine"
    return found or [pytest.param("none", marks=pytest.mark.skip(reason=why))]
