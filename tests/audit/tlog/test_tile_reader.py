"""Growing tiles and reading proofs back out of them."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.edge import Edge
from audit.tlog.entries import BundleRefused, pack
from audit.tlog.tile_reader import TileReader
from audit.tlog.tiles import Bundle, TileRefused, new_tiles
from audit.tlog.tree import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

SIZE = 66_000  # three levels of tiles, partial at two of them
ENTRIES = [b"entry %d" % number for number in range(SIZE)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]


def grow(sizes: list[int]) -> tuple[dict[str, bytes], Edge]:
    """Return the files of a tree that grew over these sizes, and its edge."""
    files: dict[str, bytes] = {}
    edge = Edge()
    for size in sizes:
        old = edge.size
        new = edge.extend(LEAVES[old:size])
        assert list(new) == list(new_tiles(old, size))
        files |= {tile.path: data for tile, data in new.items()}
    return files, edge


FILES, EDGE = grow([1, 2, 255, 256, 257, 5_000, 65_535, 65_536, SIZE])
ROOT = root_of(LEAVES)


def fetching(files: dict[str, bytes]) -> Callable[[str], bytes]:
    """Return a fetch of files in memory."""

    def fetch(path: str) -> bytes:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    return fetch


READER = TileReader(fetching(FILES), SIZE, ROOT)


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=5))
def test_growing_in_any_steps_gives_the_same_edge(steps: list[int]) -> None:
    """However leaves arrive, the edge has the root of all of them and can be continued from its tiles."""
    sizes = [sum(steps[: count + 1]) for count in range(len(steps))]
    files, edge = grow(sizes)
    frontier = Frontier()
    for leaf in LEAVES[: sizes[-1]]:
        frontier.append(leaf)
    assert edge.size == sizes[-1]
    assert edge.root() == frontier.root()
    assert edge.frontier() == frontier.hashes
    again = TileReader(fetching(files), edge.size, edge.root()).edge()
    assert again.extend(LEAVES[:300]) == edge.extend(LEAVES[:300])
    assert again.root() == edge.root()


@given(st.data())
def test_proofs_out_of_tiles_verify(data: st.DataObject) -> None:
    """Inclusion and consistency between any sizes are proven from tiles alone."""
    size = data.draw(st.integers(1, SIZE))
    old = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, size - 1))
    root = READER.root_at(size)
    assert READER.leaf(index) == LEAVES[index]
    assert verify_inclusion(index, size, LEAVES[index], READER.inclusion_proof(index, size), root)
    proof = READER.consistency_proof(old, size)
    assert verify_consistency(old, size, READER.root_at(old), root, proof)


@given(st.data())
def test_one_turned_bit_in_any_tile_is_refused(data: st.DataObject) -> None:
    """Whatever tile is spoiled, nothing that depends on it is answered."""
    needed = [tile.path for tile in new_tiles(0, SIZE)]
    path = data.draw(st.sampled_from(needed))
    bit = data.draw(st.integers(0, len(FILES[path]) * 8 - 1))
    spoiled = bytearray(FILES[path])
    spoiled[bit // 8] ^= 1 << bit % 8
    reader = TileReader(fetching({**FILES, path: bytes(spoiled)}), SIZE, ROOT)
    with pytest.raises(TileRefused) as refused:
        [reader.leaf(index) for index in (*range(0, SIZE, 256), SIZE - 1)]
    assert refused.value.code == "tile.mismatch"


def test_the_last_root_and_the_empty_tree() -> None:
    """The whole tree has the root of the checkpoint; a tree of nothing needs no tile."""
    assert EDGE.root() == ROOT == READER.root_at(SIZE)
    assert READER.root_at(0) == EMPTY_ROOT
    assert READER.consistency_proof(0) == []
    empty = TileReader(fetching({}), 0, EMPTY_ROOT)
    assert empty.root_at(0) == EMPTY_ROOT
    assert list(empty.all_entries()) == []


def test_a_dropped_partial_tile_is_read_from_the_full_one() -> None:
    """Where only the full tile is left, its first hashes serve; a missing one is named."""
    files, edge = grow([300])
    more, _ = grow([600])
    kept = {path: data for path, data in more.items() if ".p/" not in path}
    kept |= {path: data for path, data in files.items() if path.startswith("tile/1/")}
    assert TileReader(fetching(kept), 300, edge.root()).leaf(299) == LEAVES[299]
    del kept["tile/0/000"]
    with pytest.raises(TileRefused) as refused:
        TileReader(fetching(kept), 300, edge.root()).leaf(0)
    assert refused.value.code == "tile.missing"


def test_tiles_of_another_length_are_refused() -> None:
    """A hash too many or half a hash in a tile is seen before any hashing."""
    for longer in (b"x", bytes(32)):
        files = {**FILES, "tile/0/000": FILES["tile/0/000"] + longer}
        with pytest.raises(TileRefused) as refused:
            TileReader(fetching(files), SIZE, ROOT).leaf(0)
        assert refused.value.code == "tile.length"
    with pytest.raises(TileRefused):
        Edge.of(3, [b"x" * 64])


@pytest.mark.parametrize("huge", [-1, SIZE, 2**64 - 1])
def test_outside_the_tree_nothing_is_answered(huge: int) -> None:
    """Places and sizes that the tree never had are refused, not looked for."""
    questions: list[Callable[[], object]] = [
        lambda: READER.leaf(huge),
        lambda: READER.inclusion_proof(huge),
        lambda: READER.inclusion_proof(0, huge + 1),
        lambda: READER.root_at(huge + 1),
        lambda: READER.consistency_proof(huge + 1),
        lambda: READER.entries(huge),
        lambda: READER.node(3, huge),
    ]
    for question in questions[:1] if huge == SIZE else questions:
        if huge == -1 and question in questions[3:5]:
            continue
        with pytest.raises(TileRefused) as refused:
            question()
        assert refused.value.code == "tile.outside"


def bundles(size: int) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of the entry bundles of a tree."""
    for start in range(0, size, 256):
        part = ENTRIES[start : min(start + 256, size)]
        yield Bundle(start // 256, len(part)).path, pack(part)


def test_tiles_are_given_as_wide_as_they_are() -> None:
    """Each tile of the tree is its file; beside the tree there is none."""
    for tile in new_tiles(0, SIZE):
        assert READER.tile(tile.level, tile.index) == FILES[tile.path]
    for level, index in ((0, -1), (-1, 0), (0, 258), (1, 2), (2, 1), (3, 0)):
        with pytest.raises(TileRefused, match=r"tile\.outside"):
            READER.tile(level, index)


def test_entries_are_checked_against_their_hashes() -> None:
    """Entries come back in order; another entry, or one more or less, is refused."""
    files, edge = grow([300])
    files |= dict(bundles(300))
    reader = TileReader(fetching(files), 300, edge.root())
    assert list(reader.all_entries()) == ENTRIES[:300]
    assert list(reader.all_entries(290)) == ENTRIES[290:300]
    files["tile/entries/000"] = pack([b"other", *ENTRIES[1:256]])
    with pytest.raises(TileRefused) as refused:
        reader.entries(0)
    assert refused.value.code == "tile.mismatch"
    files["tile/entries/000"] = pack(ENTRIES[:255])
    with pytest.raises(BundleRefused):
        reader.entries(0)
    files["tile/entries/001"] = dict(bundles(600))["tile/entries/001"]
    del files["tile/entries/001.p/44"]
    assert reader.entries(1) == ENTRIES[256:300]
