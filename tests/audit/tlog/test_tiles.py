"""Paths, widths and coordinates of tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.tiles import (
    Bundle,
    Tile,
    TileRefused,
    full_tiles,
    levels,
    new_bundles,
    new_tiles,
    parse_path,
    partial_tiles,
    place_of,
)

INDEX = st.integers(0, 2**64 - 1)
WIDTH = st.integers(1, 256)


@given(st.integers(0, 63), INDEX, WIDTH)
def test_paths_are_read_as_they_are_printed(level: int, index: int, width: int) -> None:
    """A tile and a bundle are found by their paths."""
    assert parse_path(Tile(level, index, width).path) == Tile(level, index, width)
    assert parse_path(Bundle(index, width).path) == Bundle(index, width)


@given(st.text() | st.text(alphabet="tile/0123x.p").map(lambda rest: f"tile/{rest}"))
def test_any_other_path_is_refused(path: str) -> None:
    """A path names a tile that has exactly this path, or is refused."""
    try:
        named = parse_path(path)
    except TileRefused as refused:
        assert refused.code == "tile.path"
    else:
        assert named.path == path


@pytest.mark.parametrize(
    "path",
    [
        "tile/64/000",
        "tile/00/000",
        "tile/0/x000/001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000.p/1/",
        "tile/0/\u0660\u0660\u0660",
        "tile/0/../0/000",
        "tile/entries/000.p/",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ],
)
def test_other_spellings_are_refused(path: str) -> None:
    """Leading zeros, redundant groups, widths out of range and indices beyond 64 bits name nothing."""
    with pytest.raises(TileRefused):
        parse_path(path)


@given(st.integers(0, 2**20), st.integers(0, 2**12))
def test_growth_adds_each_full_tile_once(old: int, more: int) -> None:
    """The full tiles new between two sizes are those that the larger tree has and the smaller has not."""
    new = set(new_tiles(old, old + more))
    for level in range(levels(old + more)):
        full = {tile.index for tile in new if tile.level == level and tile.width == 256}
        assert full == set(range(full_tiles(old, level), full_tiles(old + more, level)))
    partial = {tile for tile in new if tile.width < 256}
    assert partial == set(partial_tiles(old + more)) - set(partial_tiles(old))
    assert [tile.path for tile in new_bundles(old, old + more)] == [
        Bundle(tile.index, tile.width).path for tile in new_tiles(old, old + more) if tile.level == 0
    ]


@given(st.integers(0, 62), st.integers(0, 2**40))
def test_a_node_is_over_hashes_of_one_tile(level: int, index: int) -> None:
    """The place of a node covers the same leaves as the node."""
    place = place_of(level, index)
    start = (place.index * 256 + (place.index_in_tile << place.level_in_tile)) << 8 * place.level
    assert start == index << level
    assert 8 * place.level + place.level_in_tile == level
