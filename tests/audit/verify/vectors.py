"""Where the transparency-log vectors are, and how they are read; tests skip where they are absent."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "tlog-vectors"


def rows(name: str) -> list[dict[str, Any]]:
    """Return the rows of one file of vectors, or skip the test."""
    path = FOLDER / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"the vectors {path.name} are not here")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def unpack(row: dict[str, Any], into: Path) -> Path:
    """Lay one whole log out in a folder."""
    with tarfile.open(fileobj=io.BytesIO((FOLDER / row["archive"]).read_bytes())) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream is not None:
                path = into / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(stream.read())
    return into
