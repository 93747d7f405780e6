"""Pins that a log whose beginning was pruned is indexed from where it begins now."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import LogDamaged
from audit.index import pruned
from audit.index.indexer import Index
from audit.index.merged import WIDTH, bundle_path, checkpoint, tile_path
from audit.index.search import Search
from audit.reading.query import Filter, query
from audit.tlog.tree import HASH_BYTES, Frontier, leaf_hash, root_of
from tests.audit.index.merging import ORIGIN, lay_out

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.record import Record

    Make = Callable[..., Record]

SIZE = 66_600


@pytest.fixture(scope="module")
def levels() -> list[list[bytes]]:
    """Compute the hashes of a log of three levels."""
    found = [[leaf_hash(b"%d" % number) for number in range(SIZE)]]
    while len(found[-1]) >= WIDTH:
        coming = iter(found[-1])
        found.append([])
        while len(some := list(islice(coming, WIDTH))) == WIDTH:
            found[-1].append(root_of(some))
    return found


@pytest.mark.parametrize("bundles", [1, 2, 3, 17, 255, 256, 257, 260])
def test_the_tree_is_known_by_the_tiles_that_stay(levels: list[list[bytes]], bundles: int) -> None:
    """No tile that lies wholly below the minimum is asked for."""
    index = bundles * WIDTH

    def tile(level: int, number: int) -> bytes:
        assert (number + 1) * WIDTH ** (level + 1) > index
        return b"".join(levels[level][number * WIDTH : (number + 1) * WIDTH])

    whole = Frontier()
    for leaf in levels[0][:index]:
        whole.append(leaf)
    found = pruned.frontier(index, tile)
    assert (found.size, found.hashes) == (whole.size, whole.hashes)


@pytest.fixture
def entries(make_decision: Make) -> list[bytes]:
    """Make entries of two writers, stated by the sequencer at each tenth; each third names both."""
    found: list[bytes] = []
    sizes = {"w0": 0, "w1": 0}
    for number in range(800):
        if number % 10 == 9:
            heads = [{"id": name, "size": size, "root": ""} for name, size in sizes.items()]
            beat = number % 30 == 29
            writer = {"id": "sequencer", "boot": 0}
            facts = {
                "heads": heads if beat else heads[:1],
                "beat": beat,
                "writer": writer,
                "wseq": len(found),
            }
            found.append(orjson.dumps({"typ": "writer.head", "id": f"h{number}", "t_us": number, **facts}))
            continue
        name = f"w{number % 7 % 2}"
        record = make_decision(request_id=f"r{number}").body
        head = {"writer": {"id": name, "boot": 0}, "wseq": sizes[name], "t_us": number, "mono_us": number}
        found.append(orjson.dumps(record | head))
        sizes[name] += 1
    return found


def lay_out_tiles(folder: Path, entries: list[bytes]) -> None:
    """Lay out a log of less than 65,536 entries with the tile of level 1 that pruning leaves."""
    lay_out(folder, entries)
    (folder / "origin.json").write_bytes(orjson.dumps({"format": 1, "origin": ORIGIN}))
    full = len(entries) // WIDTH
    tile = folder / tile_path("1", 0, full)
    tile.parent.mkdir(parents=True)
    leaves = [leaf_hash(entry) for entry in entries]
    tile.write_bytes(b"".join(root_of(leaves[at * WIDTH : (at + 1) * WIDTH]) for at in range(full)))


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_it_is_indexed_from_its_minimum_on(tmp_path: Path, entries: list[bytes], gone: int) -> None:
    """With the same indices as before, and still held against the checkpoint."""
    lay_out_tiles(tmp_path, entries)
    with Index(tmp_path) as index:
        index.catch_up()
    whole = list(query(tmp_path, Filter()))
    for number in range(gone):
        (tmp_path / bundle_path(number)).unlink()
    assert list(query(tmp_path, Filter())) == whole
    with Index(tmp_path) as index:
        assert index.rebuild().size == len(entries)
    rest = list(query(tmp_path, Filter()))
    assert rest == whole[: len(rest)]
    assert rest[-1].log_index == gone * WIDTH or entries[gone * WIDTH].startswith(b'{"typ":"writer.head"')


def test_a_tile_that_is_gone_too_is_damage(tmp_path: Path, entries: list[bytes]) -> None:
    """Without it nobody can tell what the rest belongs to."""
    lay_out_tiles(tmp_path, entries)
    (tmp_path / bundle_path(0)).unlink()
    (tile,) = (tmp_path / "tile" / "1").rglob("3")
    tile.write_bytes(bytes(3 * HASH_BYTES))
    with Index(tmp_path) as index:
        with pytest.raises(LogDamaged):
            index.catch_up()
        tile.unlink()
        with pytest.raises(LogDamaged):
            index.catch_up()
    assert Search.open(tmp_path) is None
    assert checkpoint(tmp_path)


@given(numbers=st.sets(st.integers(1, 3_000_000), min_size=1, max_size=5), partial=st.booleans())
def test_the_minimum_is_that_of_the_first_bundle(numbers: set[int], *, partial: bool) -> None:
    """Wherever its path's groups put it."""
    with tempfile.TemporaryDirectory() as name:
        for number in numbers:
            path = Path(name, bundle_path(number, 7 if partial and number == max(numbers) else WIDTH))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        assert pruned.minimum(Path(name)) == min(numbers) * WIDTH
        Path(name, bundle_path(0)).parent.mkdir(parents=True, exist_ok=True)
        Path(name, bundle_path(0)).touch()
        assert pruned.minimum(Path(name)) == 0


def test_statements_that_are_none_are_passed_over() -> None:
    """As in every other entry of the log, the verifier names them."""
    bodies = [b"[]", b'{"typ":"writer.head"}', b'{"typ":"x","writer":{"id":"w0"}}']
    head = {"typ": "writer.head", "beat": True, "heads": [{"id": "w0", "size": 5}]}
    found = pruned.places([*bodies, orjson.dumps(head), b"never read"])
    assert {name: place.size for name, place in found.items()} == {"w0": 4}
