"""Reads the public vectors of transparency logs: each row becomes one test under the row's own id."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "tlog-vectors"

Row = dict[str, Any]


def rows(name: str, *kinds: str) -> list[Any]:
    """Return the rows of one file as test parameters; without the file, one that skips.

    Args:
        name: of the file.
        kinds: only rows of these kinds; none for all.
    """
    path = FOLDER / name
    if not path.exists():
        reason = "the public vectors of transparency logs are not on this machine"
        return [pytest.param({}, id=name, marks=pytest.mark.skip(reason=reason))]
    read = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        pytest.param(row, id=row.get("id") or row["name"])
        for row in read
        if not kinds or row["kind"] in kinds
    ]


def unbase64(text: str) -> bytes:
    """Decode a hash of a row."""
    return base64.b64decode(text)


def hashes(row: Row, field: str = "proof") -> list[bytes]:
    """Decode the hashes of a row's proof."""
    return [unbase64(each) for each in row[field] or []]
