"""Checkpoints of the past: kept by the hour, thinned to the day, and believed only as they were signed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from audit.merging.history import DAY_S, FOLDER, HOUR_S, History
from audit.verify.check import verify
from audit.verify.verdict import Verdict
from tests.audit.lives import Life

if TYPE_CHECKING:
    from pathlib import Path

START_S = 1_800_000_000 // DAY_S * DAY_S


class Clock:
    """A wall clock that a test sets, for files too."""

    def __init__(self, folder: Path) -> None:
        self.now_s = float(START_S)
        self._folder = folder
        self._said: list[str] = []
        self.history = History(folder, self._said.append, lambda: self.now_s)

    def turn(self, size: int) -> None:
        """Publish a checkpoint of a size, and let the history look at it."""
        (self._folder / "checkpoint").write_text(f"a.b/c\n{size}\nroot\n\n")
        before = set(self.sizes())
        self.history()
        for each in set(self.sizes()) - before:
            os.utime(self._folder / FOLDER / f"{each}.note", (self.now_s, self.now_s))

    def sizes(self) -> list[int]:
        """What is kept."""
        return sorted(int(path.stem) for path in (self._folder / FOLDER).glob("*.note"))


def test_one_an_hour_is_kept(tmp_path: Path) -> None:
    """The first at once; a process that takes over goes by the newest that is there."""
    clock = Clock(tmp_path)
    clock.history()
    assert not (tmp_path / FOLDER).exists()
    for size, after_s in ((10, 0), (11, 1), (12, HOUR_S - 2), (13, 1), (14, HOUR_S - 1)):
        clock.now_s += after_s
        clock.turn(size)
    assert clock.sizes() == [10, 13]
    clock.history.close()
    clock.turn(15)
    assert clock.sizes() == [10, 13]
    clock.now_s += 1
    clock.turn(16)
    assert clock.sizes() == [10, 13, 16]


def test_after_a_week_one_a_day_is_left(tmp_path: Path) -> None:
    """The first of each day; those of the last week stay by the hour."""
    clock = Clock(tmp_path)
    for hour in range(10 * 24):
        clock.now_s = START_S + hour * HOUR_S
        clock.turn(100 + hour)
    days = [100 + day * 24 for day in range(3)]
    assert [size for size in clock.sizes() if size < 100 + 71] == days
    assert clock.sizes()[-7 * 24 :] == list(range(100 + 3 * 24, 100 + 10 * 24))


def test_what_is_kept_of_a_size_stays(tmp_path: Path) -> None:
    """Also where the same tree is published under other cosignatures; what is no checkpoint is not kept."""
    clock = Clock(tmp_path)
    clock.turn(10)
    (tmp_path / FOLDER / "10.note").write_text("the first")
    clock.now_s += HOUR_S
    clock.turn(10)
    assert (tmp_path / FOLDER / "10.note").read_text() == "the first"
    clock.now_s += HOUR_S
    (tmp_path / "checkpoint").write_text("a.b/c\n../x\nroot\n")
    clock.history()
    assert clock.sizes() == [10]


def test_a_disk_that_refuses_is_said_once(tmp_path: Path) -> None:
    """And tried again."""
    said: list[str] = []
    (tmp_path / "checkpoint").write_text("a.b/c\n10\nroot\n")
    (tmp_path / FOLDER).write_text("no folder")
    history = History(tmp_path, said.append)
    history()
    history()
    assert len(said) == 1
    (tmp_path / FOLDER).unlink()
    history()
    assert (tmp_path / FOLDER / "10.note").exists()


def test_a_history_that_was_rewritten_is_found(tmp_path: Path) -> None:
    """A kept checkpoint that isn't as it was signed, or is filed under another size, is tampering."""
    life = Life(tmp_path / "log")
    life.write(20)
    life.merge()
    History(life.folder, print)()
    life.write(20)
    life.merge()
    (path,) = (life.folder / FOLDER).glob("*.note")
    report = verify(life.folder)
    assert (report.verdict, report.findings) == (Verdict.OPERATOR_ASSERTED, [])
    assert "1 checkpoints that the log keeps itself" in report.checked

    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"\n", b"\n1", 1))
    assert verify(life.folder).verdict is Verdict.TAMPERED
    path.write_bytes(kept)
    path.rename(path.with_name("3.note"))
    assert verify(life.folder).verdict is Verdict.TAMPERED
