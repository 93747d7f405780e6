"""Pins what may be pruned: nothing that a proof about anything younger needs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.minimum import aligned, bundle_path, prunable, whole_below

SIZES = st.integers(0, 3 * 256**2)


def node_tile(height: int, number: int) -> tuple[int, int]:
    """The tile whose hashes give the root of a complete subtree: level and number."""
    level = height // 8
    return level, (number << (height % 8)) // 256


def complete(first: int, after: int) -> list[tuple[int, int]]:
    """Height and number of the complete subtrees that cover a range."""
    found = []
    while first < after:
        height = min((first & -first).bit_length() - 1 if first else 64, (after - first).bit_length() - 1)
        found.append((height, first >> height))
        first += 1 << height
    return found


def inclusion(index: int, first: int, after: int) -> list[tuple[int, int]]:
    """The subtrees whose roots prove an entry, RFC 6962 section 2.1.1."""
    if after - first == 1:
        return []
    middle = first + (1 << ((after - first - 1).bit_length() - 1))
    if index < middle:
        return [*inclusion(index, first, middle), *complete(middle, after)]
    return [*inclusion(index, middle, after), *complete(first, middle)]


def numbers(paths: set[str], kind: str) -> set[int]:
    """Numbers of the tiles of a level, or of the bundles."""
    return {
        int(path.removeprefix(f"tile/{kind}/").replace("x", "").replace("/", ""))
        for path in paths
        if path.startswith(f"tile/{kind}/")
    }


@given(data=st.data(), size=st.integers(1, 3 * 256**2))
def test_what_stays_proves_every_younger_entry_to_every_larger_tree(data: st.DataObject, size: int) -> None:
    """Neither the entry, nor a hash of its proof, nor one of the root's, is in anything that may go."""
    least = aligned(data.draw(st.integers(0, size)))
    gone = set(prunable(size, least))
    tree = data.draw(st.integers(max(least, 1), size))
    needed = {node_tile(*node) for node in complete(0, tree)}
    if least < tree:
        index = data.draw(st.integers(least, tree - 1))
        needed |= {node_tile(*node) for node in inclusion(index, 0, tree)}
        assert index // 256 not in numbers(gone, "entries")
    for level, number in needed:
        assert number not in numbers(gone, str(level))


@given(size=SIZES, data=st.data())
def test_just_what_lies_wholly_below_goes(size: int, data: st.DataObject) -> None:
    """By end index, as the specification says it; each path once."""
    least = aligned(data.draw(st.integers(0, size)))
    paths = list(prunable(size, least))
    assert len(set(paths)) == len(paths)
    assert numbers(set(paths), "entries") == set(range(least // 256))
    for level in range(4):
        assert numbers(set(paths), str(level)) == set(range(least // 256 ** (level + 1)))


def test_paths_are_those_of_the_specification() -> None:
    """Three digits, an `x` before all groups but the last."""
    assert bundle_path(0) == "tile/entries/000"
    assert bundle_path(1_234_067) == "tile/entries/x001/x234/067"
    assert bundle_path(1_000_000) == "tile/entries/x001/x000/000"
    assert list(prunable(70_000, 512)) == ["tile/entries/000", "tile/entries/001", "tile/0/000", "tile/0/001"]
    assert [path for path in prunable(70_000, 65_536) if not re.match(r"tile/(entries|0)/", path)] == [
        "tile/1/000"
    ]


@pytest.mark.parametrize(("size", "least"), [(300, 1), (300, 512), (300, -256)])
def test_a_minimum_is_a_multiple_within_the_log(size: int, least: int) -> None:
    """Anything else would leave half a bundle."""
    with pytest.raises(ValueError, match="multiple of 256"):
        list(prunable(size, least))


@given(
    starts=st.lists(st.integers(1, 99), max_size=5).map(
        lambda gaps: [sum(gaps[:n]) for n in range(len(gaps) + 1)]
    )
)
def test_a_writers_last_segment_always_stays(starts: list[int]) -> None:
    """Segments go from the oldest on, each only when all of its records stand below."""
    assert whole_below(starts, 10**9) == len(starts) - 1
    assert whole_below(starts, 0) == 0
    for number, after in enumerate(starts[1:], 1):
        assert whole_below(starts, after) == number
        assert whole_below(starts, after - 1) == number - 1
