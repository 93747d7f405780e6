"""Many writers, one tree: nothing left out, reordered or invented, whatever ends in between."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import pytest

from audit import files
from audit.errors import AuditError, LogDamaged, LogUnavailable
from audit.merging.sequencer import BEAT_US
from audit.merging.shelf import Shelf
from audit.record import auth_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.audit.merging.conftest import House

SIZES = (1, 253, 254, 255, 256, 257, 511)


def failures(count: int) -> list[Any]:
    """Some records."""
    return [auth_failure("identity.expired", number) for number in range(count)]


@pytest.mark.parametrize("count", SIZES)
async def test_what_writers_were_promised_is_merged(house: House, count: int) -> None:
    """Around the widths of tiles, every promised record stands under the checkpoint, once."""
    log = house.open()
    await house.append(log, *failures(count))
    house.sequencer().turn()
    log.close()

    entries = house.entries()
    assert set(house.promised.values()) <= house.merged()
    assert len(entries) == count + 3  # and the boot's opening, its mode, the sequencer's word


async def test_what_a_checkpoint_covers_is_never_written_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a partial tile of an upper level that the next one needs as it is: a kill would empty it."""
    published: set[Path] = set()
    turn: list[Path] = []
    write = files.write

    def spy(path: Path, data: bytes) -> None:
        turn.append(path)
        write(path, data)

    monkeypatch.setattr("audit.files.write", spy)
    log = house.open()
    for _ in range(4):
        sequencer = house.sequencer()
        for count in (1, 60, 200):
            await house.append(log, *failures(count))
            turn.clear()
            sequencer.turn()
            written = {path for path in turn if not path.name.startswith(".")}
            assert published.isdisjoint(written)
            published |= written
    log.close()

    assert house.folder / "tile/1/000.p/2" in published


async def test_writers_keep_their_order(house: House) -> None:
    """Two writers at once are merged each in its own order, and turns only add."""
    first, second = house.open(), house.open()
    sequencer = house.sequencer()
    before: list[bytes] = []
    for number in range(5):
        await house.append(first, *failures(number))
        await house.append(second, *failures(2))
        sequencer.turn()
        entries = house.entries()
        assert entries[: len(before)] == before
        before = entries
    first.close()
    second.close()
    sequencer.turn()

    assert set(house.promised.values()) <= house.merged()
    kinds = [json.loads(entry)["typ"] for entry in house.entries()]
    assert kinds.count("writer.close") == 2


async def test_a_record_that_is_not_promised_is_not_merged(house: House) -> None:
    """A frame beyond the writer's mark may still be given up, so the sequencer leaves it alone."""
    log = house.open()
    await house.append(log, *failures(3))
    sequencer = house.sequencer()
    sequencer.turn()
    size = sequencer.size
    mark = house.folder / "writers" / "w0" / "durable"
    promised = mark.read_bytes()
    await house.append(log, *failures(1))
    mark.write_bytes(promised)
    assert sequencer.turn() == 0
    log.close()

    assert sequencer.turn() == 2
    assert sequencer.size == size + 3


async def test_silence_is_signed(house: House) -> None:
    """With nothing to merge, an entry after a minute names every writer; before, nothing is written."""
    log = house.open()
    sequencer = house.sequencer()
    sequencer.turn()
    size, note = sequencer.size, sequencer.note
    house.now_us += BEAT_US - 1
    assert (sequencer.turn(), sequencer.note) == (0, note)
    house.now_us += 1
    assert sequencer.turn() == 0
    log.close()

    last = json.loads(house.entries()[-1])
    assert (sequencer.size, last["beat"], [head["id"] for head in last["heads"]]) == (size + 1, True, ["w0"])


async def test_a_restart_goes_on_where_the_checkpoint_is(house: House) -> None:
    """With its hint, with a stale one and with none, the next sequencer knows how far everybody is."""
    log = house.open()
    hints = []
    for number in range(4):
        await house.append(log, *failures(300))
        house.sequencer().turn()
        hint = house.folder / "merge.json"
        hints.append(hint.read_bytes())
        if number == 1:
            hint.unlink()
        if number == 2:
            hint.write_bytes(hints[0])
    log.close()
    house.sequencer().turn()

    assert set(house.promised.values()) <= house.merged()
    heads = [json.loads(entry) for entry in house.entries() if b'"writer.head"' in entry]
    assert [head["writer"]["boot"] for head in heads] == [0, 1, 2, 3, 4]


async def test_only_one_merges(house: House) -> None:
    """A second sequencer is turned away while the first lives."""
    house.open().close()
    house.sequencer()
    with pytest.raises(LogUnavailable, match=r"log\.merging"):
        Shelf(house.folder)


async def test_a_head_that_moved_stops_the_merge(house: House) -> None:
    """Somebody who writes a checkpoint past the lock isn't overwritten: that is evidence."""
    log = house.open()
    sequencer = house.sequencer()
    sequencer.turn()
    path = house.folder / "checkpoint"
    path.write_bytes(path.read_bytes() + b"\n")
    await house.append(log, *failures(1))
    with pytest.raises(LogDamaged, match=r"log\.head_moved"):
        sequencer.turn()
    log.close()


def spoil_signature(folder: Path) -> None:
    """Claim another size."""
    note = folder / "checkpoint"
    note.write_bytes(note.read_bytes().replace(b"\n6\n", b"\n5\n"))


def spoil_tile(folder: Path) -> None:
    """Change a hash."""
    (tile,) = (folder / "tile" / "0").glob("000.p/6")
    *whole, last = tile.read_bytes()
    tile.write_bytes(bytes([*whole, last ^ 1]))


def spoil_bundle(folder: Path) -> None:
    """Change a record."""
    (bundle,) = (folder / "tile" / "entries").glob("000.p/6")
    bundle.write_bytes(bundle.read_bytes().replace(b"expired", b"expirex"))


def spoil_writer(folder: Path) -> None:
    """Take a writer's log away."""
    (folder / "writers" / "w0").rename(folder / "gone")


@pytest.mark.parametrize(
    "spoil", [spoil_signature, spoil_tile, spoil_bundle, spoil_writer], ids=lambda each: each.__name__
)
async def test_what_was_published_and_changed_stops_the_merge(
    house: House, spoil: Callable[[Path], None]
) -> None:
    """Continuing would bury the evidence under a new signature."""
    log = house.open()
    await house.append(log, *failures(3))
    house.sequencer().turn()
    log.close()
    house.stop()
    spoil(house.folder)
    with pytest.raises(LogDamaged):
        house.sequencer().turn()


CALLS = ("open", "write", "fsync", "replace", "mkdir", "pread", "ftruncate")


async def test_each_call_to_the_disk_may_fail_once(
    new_house: Callable[[], House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever open, write, sync or rename fails, what is published holds, and the next misses nothing."""
    failed = number = 0
    while failed == number:
        number += 1
        house = new_house()
        log = house.open()
        await house.append(log, *failures(400))
        sequencer = house.sequencer()
        sequencer.turn()
        await house.append(log, *failures(200))
        log.close()
        with Failing(monkeypatch, number) as disk, suppress(OSError, AuditError):
            house.sequencer().turn()
        failed += disk.failed
        house.entries()
        house.sequencer().turn()
        assert set(house.promised.values()) <= house.merged()
        house.stop()

    assert number > 15


class Failing:
    """A disk whose call of some number fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        self._patch = monkeypatch
        self._left = number
        self.failed = False

    def __enter__(self) -> Self:
        for name in CALLS:
            self._patch.setattr(os, name, self._wrapped(getattr(os, name)))
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.undo()

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def may_fail(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self.failed = True
                raise OSError(28, "No space left on device")
            return call(*arguments, **options)

        return may_fail
