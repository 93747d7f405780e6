"""Published paths, widths and coordinates of tiles, and which are new when a tree grows."""

import pytest

from audit.tlog import tiles
from audit.tlog.tiles import Bundle, Tile, TileRefused
from tests.audit.tlog.vectors import Row, rows


@pytest.mark.parametrize("row", rows("tiles.jsonl"))
def test_value(row: Row) -> None:
    """The path, the coordinates or the list of tiles comes out, or the path is refused."""
    CHECKS[row["kind"]](row)


def _path(row: Row) -> None:
    tile = Tile(row["level"], row["index"], row["width"])
    assert tile.path == row["path"]
    assert tiles.parse_path(row["path"]) == tile
    if "entries_path" in row:
        _entries_path({**row, "path": row["entries_path"]})


def _entries_path(row: Row) -> None:
    bundle = Bundle(row["index"], row["width"])
    assert bundle.path == row["path"]
    assert tiles.parse_path(row["path"]) == bundle


def _entries_path_of_entry(row: Row) -> None:
    index = row["entry"] // tiles.FULL
    full = index < tiles.full_tiles(row["size"], 0)
    assert Bundle(index, tiles.FULL if full else tiles.partial_width(row["size"], 0)).path == row["path"]


def _parse_path(row: Row) -> None:
    path = f"tile/{row['level_text']}/{row['index_text']}"
    if row["expect"] == "valid":
        assert tiles.parse_path(path) == Tile(row["level"], row["index"], row["width"])
    else:
        with pytest.raises(TileRefused):
            tiles.parse_path(path)


def _xmod_path(row: Row) -> None:
    """Paths of the Go checksum database: a height before the level, and `data` in place of -1."""
    _, height, level, rest = row["path"].split("/", 3)
    if row["expect"] == "valid":
        assert row["level"] == (-1 if level == "data" else int(level))
        assert tiles.parse_index(rest, 1 << int(height)) == (row["index"], row["width"])
    else:
        with pytest.raises(TileRefused):
            tiles.parse_index(rest, 1 << int(height))


def _tiles_of_size(row: Row) -> None:
    size = row["size"]
    levels = [
        {"level": level, "full": tiles.full_tiles(size, level), "partial": tiles.partial_width(size, level)}
        for level in range(tiles.levels(size))
    ]
    assert levels == row["levels"]
    assert [(tile.level, tile.width) for tile in tiles.partial_tiles(size)] == [
        (each["level"], each["partial"]) for each in row["levels"] if each["partial"]
    ]
    every = {tile.path for tile in tiles.new_tiles(0, size)} if size < 1 << 20 else None
    assert every is None or every >= {path for path in row.get("some_paths", []) if "entries" not in path}


def _node_to_tile(row: Row) -> None:
    place = tiles.place_of(row["node_level"], row["node_index"])
    assert place == tiles.Place(
        row["tile_level"], row["tile_index"], row["level_in_tile"], row["index_in_tile"]
    )


def _new_tiles(row: Row) -> None:
    new = list(tiles.new_tiles(row["old_size"], row["new_size"]))
    assert [tile.path for tile in new] == row["paths"]
    bundles = [bundle.path for bundle in tiles.new_bundles(row["old_size"], row["new_size"])]
    assert bundles == [Bundle(tile.index, tile.width).path for tile in new if tile.level == 0]


def _new_tiles_count(row: Row) -> None:
    new = tiles.new_tiles(row["old_size"], row["new_size"], row["height"])
    assert sum(1 for _ in new) == row["count"]


CHECKS = {
    "path": _path,
    "entries-path": _entries_path,
    "entries-path-of-entry": _entries_path_of_entry,
    "parse-path": _parse_path,
    "xmod-path": _xmod_path,
    "tiles-of-size": _tiles_of_size,
    "node-to-tile": _node_to_tile,
    "new-tiles": _new_tiles,
    "xmod-new-tiles-count": _new_tiles_count,
}
