"""The writers of a log that lives in a folder: each has a slot, and is followed through its segments."""

from contextlib import ExitStack
from pathlib import Path

from audit.errors import LogDamaged, LogUnavailable
from audit.keys import secret_path
from audit.merging.run import Run
from audit.merging.shelf import Shelf
from audit.tlog.tree import Frontier


class FolderWriters:
    """Everybody with a slot in the folder.

    Args:
        folder: the log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "writers"
        self._runs: dict[str, Run] = {}

    def follow(self, merged: dict[str, Frontier]) -> list[Run]:
        """See `sequencer.Writers.follow`."""
        found = {path.name: path for path in self._folder.glob("w*")}
        for name in sorted(merged.keys() - found.keys()):
            raise LogDamaged("log.rolled_back", f"the log of writer {name} is gone, and was merged before")
        for name in found.keys() - self._runs.keys():
            self._runs[name] = Run(found[name], merged.setdefault(name, Frontier()))
        return [self._runs[name] for name in sorted(self._runs)]

    def close(self) -> None:
        """Close what is open."""
        for run in self._runs.values():
            run.close()


class Folder:
    """**Adapter** of a folder to `loop.Place`: writers and merged log stand side by side.

    Args:
        folder: the log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stamp(self) -> tuple[int, int] | None:
        """See `loop.Place.stamp`."""
        try:
            found = secret_path(self._folder).stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def open(self, opened: ExitStack, *, apart: bool = False) -> tuple[FolderWriters, Shelf]:
        """See `loop.Place.open`."""
        if not (self._folder / "origin.json").exists():
            raise LogUnavailable("log.empty", f"nobody has written into {self._folder} yet")
        shelf = Shelf(self._folder, apart=apart)
        opened.callback(shelf.close)
        writers = FolderWriters(self._folder)
        opened.callback(writers.close)
        return writers, shelf
