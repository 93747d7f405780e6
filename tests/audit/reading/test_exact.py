"""Pins that a record is found with its exact bytes and its place, indexed or not, merged or not."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import orjson
import pytest

from audit.errors import LogDamaged, LogUnavailable
from audit.index import merged
from audit.index.schema import remove
from audit.reading import exact

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from audit.log import AuditLog
    from audit.record import Record

    OpenLog = Callable[..., AuditLog]
    Make = Callable[..., Record]
    Merge = Callable[..., int]
    Bodies = Callable[..., list[bytes]]


def going_on() -> bool:
    """Nobody has left."""
    return False


@pytest.fixture
async def ids(open_log: OpenLog, make_decision: Make, sequence: Merge) -> list[str]:
    """Make decisions: the first 300 are indexed, ten more are merged, and the last ten are not."""
    log = open_log()
    made = [make_decision(request_id=f"r{number}") for number in range(320)]
    for number, each in enumerate(made):
        await log.append(each)
        if number == 299:
            sequence()
        if number == 309:
            sequence(indexed=False)
    return [each.id for each in made]


@pytest.mark.parametrize("number", [0, 255, 299, 300, 309])
def test_a_merged_record_has_its_place(
    ids: list[str], number: int, folder: Path, bodies: Bodies, sequence: Merge
) -> None:
    """By its id as by that place, with the bytes that its writer logged, with an index and without."""
    found = exact.by_id(folder, ids[number], going_on)
    assert found is not None
    assert found.body in bodies()
    assert orjson.loads(found.body)["id"] == ids[number]
    assert found.log_index is not None
    assert found == exact.by_index(folder, found.log_index)
    remove(folder)
    assert exact.by_id(folder, ids[number], going_on) == found


def test_a_record_that_is_not_merged_has_none(ids: list[str], folder: Path) -> None:
    """Its bytes are there already."""
    found = exact.by_id(folder, ids[319], going_on)

    assert found is not None
    assert (orjson.loads(found.body)["id"], found.log_index) == (ids[319], None)


def test_what_is_not_there_is_not_found(ids: list[str], folder: Path) -> None:
    """Another id, and an index that the checkpoint doesn't cover."""
    published = merged.checkpoint(folder)
    assert published is not None
    assert exact.by_id(folder, "f" * 32, going_on) is None
    assert exact.by_index(folder, published.size) is None
    assert exact.by_index(folder, 10**14) is None


async def test_before_the_first_checkpoint_nothing_is_merged(
    open_log: OpenLog, folder: Path, bodies: Bodies
) -> None:
    """The records are found all the same."""
    open_log()
    record = orjson.loads(bodies()[1])
    found = exact.by_id(folder, record["id"], going_on)

    assert found is not None
    assert found.log_index is None
    assert exact.by_index(folder, 0) is None


def test_a_pruned_entry_is_not_there(ids: list[str], folder: Path) -> None:
    """Below the minimum index nothing is missing; above it, a lost bundle is damage."""
    (folder / merged.bundle_path(0)).unlink()
    assert exact.by_index(folder, 3) is None
    for path in (folder / "tile" / "entries" / "001.p").iterdir():
        path.unlink()
    (folder / "tile" / "entries" / "009").write_bytes(b"")
    (folder / merged.bundle_path(0)).write_bytes(b"")
    with pytest.raises(LogDamaged):
        exact.by_index(folder, 300)


def test_a_search_of_hashes_ends_when_nobody_waits(ids: list[str], folder: Path) -> None:
    """Without an index all of them would be read."""
    remove(folder)
    stop = Event()
    stop.set()
    with pytest.raises(LogUnavailable, match=r"query\.stopped"):
        exact.place_of(folder, b"x" * 32, stop.is_set)


def test_another_record_in_its_place_is_damage(ids: list[str], folder: Path) -> None:
    """A bundle that holds something else is not shown as what was asked for."""
    path = folder / merged.bundle_path(0)
    path.write_bytes(path.read_bytes().replace(ids[7].encode(), ids[8].encode()))
    with pytest.raises(LogDamaged, match="another record"):
        exact.by_id(folder, ids[7], going_on)
