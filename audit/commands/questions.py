"""The record of a question that somebody asked at the command line: durable before the answer is shown."""

import sys
from pathlib import Path
from typing import Any

from audit.commands import handing_over
from audit.commands.house import Journalling
from audit.index.wanted import Filter
from audit.keys import secret_path
from audit.reading.source import Source

_WORDS = (
    "tenant",
    "team",
    "model",
    "action",
    "reason_code",
    "request_id",
    "id",
    "rule",
    "control",
    "deployment",
)


def record(folder: Path, house: object, source: Source, wanted: Filter, *, by: str, n: int) -> None:
    """Have the log say who asked for what; a copy of a log, which nobody writes to, is read without.

    Args:
        folder: the log, or a copy of it where the house writes its log elsewhere.
        house: the program around the command.
        source: knows who is who.
        wanted: what was asked for.
        by: who asked: a role or a name of the house.
        n: how many rows were found.

    Raises:
        LogUnavailable, LogDamaged: the log can't be written; then nothing may be shown.
        RecordRefused: what was asked for can't stand in a record.
    """
    elsewhere = isinstance(house, Journalling) and house.recorder(folder) is not None
    if elsewhere or secret_path(folder).exists():
        handing_over.record(folder, house, by=by, what="query", wanted=_said(source, wanted, n), n=n)
    else:
        sys.stderr.write("this is a copy of a log: no record says that it was asked\n")


def _said(source: Source, wanted: Filter, n: int) -> dict[str, Any]:
    """Return what was asked for, in words that the log has; of those that found nothing only their names."""
    given = {name: value for name in _WORDS if (value := getattr(wanted, name)) is not None}
    said: dict[str, Any] = {name: value if n else None for name, value in given.items()}
    said |= {name: value for name in ("since_us", "until_us") if (value := getattr(wanted, name)) is not None}
    if wanted.kinds is not None:
        said["kinds"] = sorted(wanted.kinds) if n else None
    if wanted.subject is not None:
        with source.reading() as beside:
            said["sref"] = beside.look_up(wanted.subject)
    return said
