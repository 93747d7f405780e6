"""The record of somebody who was given a part of the log: durable before it is handed over."""

import asyncio
import re
from pathlib import Path
from typing import Any

import orjson
import typer

from audit.errors import LogUnavailable
from audit.log import AuditLog
from audit.record import access

_ACTOR = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}", re.ASCII)
OPERATOR = "operator"
"""Who hands something over, unless a name is given."""


def actor(text: str) -> str:
    """Return who asked: a role or a name of the house.

    Raises:
        typer.BadParameter: it is no such name.
    """
    if not _ACTOR.fullmatch(text):
        raise typer.BadParameter("who asks is a short name of a-z, 0-9, '.', '_', '@' and '-'")
    return text


def record(folder: Path, *, by: str, what: str, wanted: dict[str, Any], n: int) -> None:
    """Write it, as one more writer beside the gateways; durable on return.

    Args:
        folder: the log.
        by: who asked.
        what: what is handed over: `export`, `proof`.
        wanted: what was asked for, as codes; a pseudonym under `sref` names the subject.
        n: how many records.

    Raises:
        LogUnavailable, LogDamaged: the log can't be written; then nothing may be handed over.
        RecordRefused: what was asked for can't stand in a record.
    """
    said = dict(wanted)
    sref = said.pop("sref", None)
    asyncio.run(_append(folder, by, what, said, n, sref))


async def _append(folder: Path, by: str, what: str, wanted: dict[str, Any], n: int, sref: str | None) -> None:
    async with AuditLog.open(folder, _origin(folder)) as log:
        await log.append(access(actor=by, what=what, wanted=wanted, n=n, sref=sref))


def _origin(folder: Path) -> str:
    try:
        return str(orjson.loads((folder / "origin.json").read_bytes())["origin"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LogUnavailable("log.cannot_open", f"there is no log in {folder}") from error
