"""Keeps checkpoints of the past beside the log, so that its own history can be held against it.

One an hour, and of those that are older than a week one a day: each is signed, perhaps by witnesses too, with
their times. Who rewrites the log must rewrite them, and whoever has copied one has caught him.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path

from audit import files

FOLDER = "checkpoints"
HOUR_S = 3600
DAY_S = 24 * HOUR_S
HOURLY_S = 7 * DAY_S
_NAME = re.compile(r"(0|[1-9][0-9]{0,18})\.note")


class History:
    """What is done after a turn of the sequencer: now and then the published checkpoint is kept.

    Args:
        folder: the log.
        report: told in words what went wrong, once for each failure.
        wall_s: the wall clock, seconds.
    """

    def __init__(
        self, folder: Path, report: Callable[[str], None], wall_s: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._report = report
        self._wall_s = wall_s
        self._due_s: float | None = None
        self._said = ""

    def __call__(self) -> None:
        """Keep the checkpoint, if it is time; nothing else depends on it."""
        now_s = self._wall_s()
        try:
            if self._due_s is None:
                newest_s = max((at_s for at_s, _ in self._kept()), default=0.0)
                self._due_s = min(newest_s, now_s) + HOUR_S if newest_s else now_s
            if now_s < self._due_s or not self._keep():
                return
            self._due_s = now_s + HOUR_S
            self._thin(now_s - HOURLY_S)
        except OSError as error:
            if str(error) != self._said:
                self._said = str(error)
                self._report(f"the history of checkpoints: {error}")
        else:
            self._said = ""

    def close(self) -> None:
        """Look anew next time: another process may go on."""
        self._due_s = None

    def _keep(self) -> bool:
        """Keep what is published now; tell whether there is anything."""
        try:
            note = (self._folder / "checkpoint").read_bytes()
        except FileNotFoundError:
            return False
        size = note.split(b"\n", 2)[1].decode("ascii", "replace")
        if not _NAME.fullmatch(f"{size}.note"):
            return False
        folder = self._folder / FOLDER
        if not folder.is_dir():
            folder.mkdir(mode=0o700)
            files.sync_folder(self._folder)
        files.create(folder / f"{size}.note", note)  # what is kept of a size stays as it is
        return True

    def _thin(self, before_s: float) -> None:
        """Let go of those that are old and not the first of their day."""
        days = set[int]()
        for at_s, path in self._kept():
            day = int(at_s // DAY_S)
            if at_s < before_s and day in days:
                path.unlink(missing_ok=True)
            days.add(day)

    def _kept(self) -> list[tuple[float, Path]]:
        """Return when each was kept, and where it is, oldest first."""
        paths = [path for path in (self._folder / FOLDER).glob("*.note") if _NAME.fullmatch(path.name)]
        return sorted((path.stat().st_mtime, path) for path in paths)
