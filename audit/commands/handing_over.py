"""The record of somebody who was given a part of the log: durable before it is handed over."""

from pathlib import Path
from typing import Any

import typer

from audit.commands.journal import Journal
from audit.errors import VaultRefused
from audit.record import access
from audit.vault import codes

OPERATOR = "operator"
"""Who hands something over, unless a name is given."""


def actor(text: str) -> str:
    """Return who asked: a role or a name of the house.

    Raises:
        typer.BadParameter: it is no such name.
    """
    try:
        return codes.actor(text)
    except VaultRefused as error:
        raise typer.BadParameter(str(error)) from None


def record(folder: Path, *, by: str, what: str, wanted: dict[str, Any], n: int) -> None:
    """Write it, as one more writer beside the gateways; durable on return.

    Args:
        folder: the log.
        by: who asked: a role or a name of the house.
        what: what is handed over: `export`, `proof`.
        wanted: what was asked for, as codes; a pseudonym under `sref` names the subject.
        n: how many records.

    Raises:
        LogUnavailable, LogDamaged: the log can't be written; then nothing may be handed over.
        RecordRefused: what was asked for can't stand in a record.
    """
    with Journal(folder) as journal:
        journal.record(access(what=what, filters=dict(wanted), n=n, actor={"kind": "house", "name": by}))
