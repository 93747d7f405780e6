"""Records of commands: one more writer beside the gateways', open from the first record to the end."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from audit.errors import LogUnavailable
from audit.log import AuditLog
from audit.record import Record


class Journal:
    """A log that a command writes to. Nothing is opened, and no boot begins, before there is a record.

    Args:
        folder: the log; it must be there.
        opening: opens it where it is written elsewhere, as one more writer.
    """

    def __init__(self, folder: Path, opening: Callable[[], AuditLog] | None = None) -> None:
        self._folder = folder
        self._opening = opening
        self._opened = ExitStack()
        self._log: AuditLog | None = None
        self._runner: asyncio.Runner | None = None

    def __enter__(self) -> Self:
        return self

    def record(self, record: Record) -> str:
        """Make a record durable and return its id.

        Raises:
            LogUnavailable: `log.cannot_open`, `log.not_durable`: there is no record.
        """
        if self._runner is None:
            self._runner = self._opened.enter_context(asyncio.Runner())
        if self._log is None:
            self._log = (self._opening or self._open)()
            self._opened.callback(self._log.close)
        self._runner.run(self._log.append(record))
        return record.id

    def _open(self) -> AuditLog:
        insist_on_log(self._folder)
        return AuditLog.open(self._folder, origin(self._folder))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()


def insist_on_log(folder: Path) -> None:
    """Make sure that a log is written in this folder: a writer beside a copy would begin another log there.

    Raises:
        LogUnavailable: `log.cannot_open`.
    """
    if (folder / "checkpoint").exists() and not (folder / "writers").exists():
        raise LogUnavailable("log.cannot_open", f"{folder} is a copy of a log; nothing is written there")


def origin(folder: Path) -> str:
    """Return the name of the log in a folder.

    Raises:
        LogUnavailable: `log.cannot_open` when there is none.
    """
    try:
        return str(orjson.loads((folder / "origin.json").read_bytes())["origin"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogUnavailable("log.cannot_open", f"there is no log in {folder}") from error
