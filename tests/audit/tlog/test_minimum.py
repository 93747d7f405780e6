"""Pins what may be pruned: whole bundles below the minimum, and no hash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.tlog.minimum import aligned, bundle_path, prunable, whole_below

SIZES = st.integers(0, 3 * 256**2)


def numbers(paths: set[str], kind: str) -> set[int]:
    """Numbers of the tiles of a level, or of the bundles."""
    return {
        int(path.removeprefix(f"tile/{kind}/").replace("x", "").replace("/", ""))
        for path in paths
        if path.startswith(f"tile/{kind}/")
    }


@given(size=SIZES, data=st.data())
def test_just_what_lies_wholly_below_goes(size: int, data: st.DataObject) -> None:
    """By end index, as the specification says it; each path once, and of hashes none."""
    least = aligned(data.draw(st.integers(0, size)))
    paths = list(prunable(size, least))
    assert len(set(paths)) == len(paths)
    assert numbers(set(paths), "entries") == set(range(least // 256))
    assert all(path.startswith("tile/entries/") for path in paths)


def test_paths_are_those_of_the_specification() -> None:
    """Three digits, an `x` before all groups but the last."""
    assert bundle_path(0) == "tile/entries/000"
    assert bundle_path(1_234_067) == "tile/entries/x001/x234/067"
    assert bundle_path(1_000_000) == "tile/entries/x001/x000/000"
    assert list(prunable(70_000, 512)) == ["tile/entries/000", "tile/entries/001"]


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
