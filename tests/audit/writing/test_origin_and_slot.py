"""Pins how a folder gets its identity and a process its place in it."""

import json
import threading
from pathlib import Path

import pytest

from audit import origin
from audit.errors import AuditError, LogDamaged, LogUnavailable
from audit.writing import slot


def test_an_origin_is_created_once_and_found_again(tmp_path: Path) -> None:
    """The second start reads what the first one wrote."""
    first = origin.settle(tmp_path, "log.example", 7)
    assert first == origin.settle(tmp_path, "log.example", 8)
    assert json.loads((tmp_path / "origin.json").read_bytes()) == {
        "created_us": 7,
        "format": 1,
        "origin": "log.example",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["origin.json"]


def test_of_many_starts_at_once_one_creates_the_origin(tmp_path: Path) -> None:
    """All see the same file, whole."""
    found: list[origin.Origin] = []
    threads = [
        threading.Thread(
            target=lambda number=number: found.append(origin.settle(tmp_path, "log.example", number))
        )
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"format": 2, "origin": "log.example"}'])
def test_another_log_or_format_is_refused(tmp_path: Path, text: bytes) -> None:
    """A folder that is not this log is never written to."""
    (tmp_path / "origin.json").write_bytes(text)
    with pytest.raises(LogDamaged) as caught:
        origin.settle(tmp_path, "log.example", 1)
    assert caught.value.code == "log.origin"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "x" * 256])
def test_a_name_that_cannot_stand_in_a_checkpoint_is_refused(tmp_path: Path, name: str) -> None:
    """Origins are checkpoint names from the first day."""
    with pytest.raises(LogUnavailable) as caught:
        origin.settle(tmp_path, name, 1)
    assert caught.value.code == "log.cannot_open"


def test_each_writer_takes_the_first_free_slot(tmp_path: Path) -> None:
    """A released slot is taken again before a new one is made."""
    first, second = slot.take(tmp_path), slot.take(tmp_path)
    assert (first.name, second.name) == ("w0", "w1")
    first.release()
    again = slot.take(tmp_path)
    assert again.name == "w0"
    again.release()
    second.release()


def test_every_failure_says_its_code() -> None:
    """The code stands in the message too, for whoever only sees that."""
    error = AuditError("log.example", "it failed")
    assert str(error) == "it failed [log.example]"
