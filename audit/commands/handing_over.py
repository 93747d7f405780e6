"""The record of somebody who was given a part of the log: durable before it is handed over."""

from pathlib import Path
from typing import Any

import typer

from audit.commands.house import Journalling
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


def record(folder: Path, house: object, *, by: str, what: str, wanted: dict[str, Any], n: int) -> None:
    """Write it, as one more writer beside the gateways; durable on return.

    Args:
        folder: the log, or a copy of it where the house writes its log elsewhere.
        house: the program around the command.
        by: who asked: a role or a name of the house.
        what: what is handed over: `export`, `proof`.
        wanted: what was asked for, as codes; a pseudonym under `sref` names the subject.
        n: how many records.

    Raises:
        LogUnavailable, LogDamaged: the log can't be written; then nothing may be handed over.
        RecordRefused: what was asked for can't stand in a record.
    """
    made = access(what=what, filters=dict(wanted), n=n, actor={"kind": "house", "name": by})
    elsewhere = house.recorder(folder) if isinstance(house, Journalling) else None
    if elsewhere is not None:
        elsewhere(made)
        return
    with Journal(folder) as journal:
        journal.record(made)
