"""Readers that aren't ours accept a merged log of any size, and prove what stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.interop.conftest import MergedLog
    from tests.interop.readers import Fsck, Xmod

# Around the ends of a tile, and of a tile of tiles.
SIZES: Final = (0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537)


def tiles(size: int) -> int:
    """How many tiles of hashes a log has: a level's hashes stand for the full tiles below."""
    count = 0
    while size:
        count += -(-size // 256)
        size //= 256
    return count


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("signed", ["ed25519", "ml-dsa-44"])
def test_both_readers_accept(size: int, signed: str, merged_log: MergedLog, fsck: Fsck, xmod: Xmod) -> None:
    """Both find our root over every entry and tile, whatever other lines the checkpoint has."""
    log = merged_log(size, post_quantum=signed == "ml-dsa-44")
    around = {0, 1, 255, 256, 511, 65_535, size // 2, size - 1}
    theirs = fsck(log.folder, log.vkey)
    ours = xmod(log.folder, log.vkey, sorted(index for index in around if 0 <= index < log.size))

    assert theirs.accepted, theirs.output
    assert ours.accepted, ours.output
    assert (theirs.size, theirs.root) == (ours.size, ours.root) == (log.size, log.root(log.size))
    assert ours.tiles == tiles(log.size)


@pytest.mark.parametrize("size", [size for size in SIZES if size])
def test_every_older_size_is_a_prefix(size: int, merged_log: MergedLog, xmod: Xmod) -> None:
    """The log proves its consistency with what it was before, and those roots are ours too."""
    log = merged_log(size, post_quantum=False)
    older = {1, 2, 255, 256, 257, 65_535, 65_536, size // 2, size - 1, size}

    for old in sorted(old for old in older if 1 <= old <= log.size):
        found = xmod(log.folder, log.vkey, old_size=old)
        assert found.accepted, found.output
        assert found.old_root == log.root(old)


@pytest.mark.parametrize("size", [0, 257, 65_537])
def test_both_readers_accept_over_http(
    size: int, merged_log: MergedLog, served: Callable[[Path], str], fsck: Fsck, xmod: Xmod
) -> None:
    """What an auditor fetches is what lies in the folder."""
    log = merged_log(size, post_quantum=True)
    url = served(log.folder)
    theirs, ours = fsck(url, log.vkey), xmod(url, log.vkey)

    assert theirs.accepted, theirs.output
    assert ours.accepted, ours.output
    assert theirs.root == ours.root == log.root(log.size)
