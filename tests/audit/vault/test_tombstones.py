"""Pins how an erasure is told: to those who remember within a second, to those who write at once."""

import secrets
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from audit.ports import Ports
from audit.vault.tombstones import NAME, Tombstones, Watch, bury


def test_a_watch_looks_once_a_second(tmp_path: Path) -> None:
    """What was erased is news at the next look, once."""
    now_us = 0
    watch = Watch(tmp_path, lambda: now_us)
    bury(tmp_path, [secrets.token_hex(16)], Ports())
    now_us = 999_999
    assert not watch.news()
    now_us = 1_000_000
    assert watch.news()
    now_us = 2_000_000
    assert not watch.news()


def test_a_writer_knows_at_once(tmp_path: Path) -> None:
    """Each look is at the disk; ids are never forgotten."""
    stones, ids = Tombstones(tmp_path), [secrets.token_hex(16) for _ in range(3)]
    assert stones.current() == set()
    for number, each in enumerate(ids, 1):
        bury(tmp_path, [each], Ports())
        assert stones.current() == set(ids[:number])
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


@given(torn=st.integers(0, 15), before=st.integers(0, 3))
def test_a_half_written_id_hides_none_that_follow(tmp_path_factory: object, torn: int, before: int) -> None:
    """A crash in the middle of one leaves bytes that the next one writes over; and it is news."""
    folder = tmp_path_factory.mktemp("vault")  # type: ignore[attr-defined] # pytest's factory
    ids = [secrets.token_hex(16) for _ in range(before)]
    for each in ids:
        bury(folder, [each], Ports())
    with (folder / NAME).open("ab") as file:
        file.write(bytes(torn))
    stones = Tombstones(folder)
    assert stones.current() == set(ids)
    last = secrets.token_hex(16)
    bury(folder, [last], Ports())

    assert stones.current() == {*ids, last}
