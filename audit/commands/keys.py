"""`regent audit keys`: which keys sign the log, and a new one in place of the old."""

from pathlib import Path

import typer

from audit import keys, rotation
from audit.commands.house import Rotating, house_of
from audit.commands.journal import Journal, insist_on_log, origin
from audit.commands.refusal import refusal
from audit.errors import AuditError


def register(app: typer.Typer) -> None:
    """Mount the commands."""
    group = typer.Typer(help="The log's keys: show, rotate.", no_args_is_help=True)
    group.command("show")(_show)
    group.command("rotate")(_rotate)
    app.add_typer(group, name="keys")


def rotate(folder: Path) -> rotation.Rotation:
    """Give the log a new Ed25519 key: on the record first, then in force, and the old secret gone.

    Raises:
        AuditError, OSError: it isn't in force; a repeated call goes on where this one ended.
    """
    insist_on_log(folder)
    change = rotation.prepare(folder, origin(folder))
    with Journal(folder) as journal:
        journal.record(change.record)
    rotation.enforce(folder, change)
    return change


def _show(context: typer.Context) -> None:
    """Print the verifier keys that sign now, and those that signed before."""
    try:
        for key in keys.verifiers(context.obj):
            typer.echo(f"signs   {key}")
        for key in rotation.retired(context.obj):
            typer.echo(f"retired {key}")
    except (AuditError, OSError) as error:
        raise refusal(str(error)) from error


def _rotate(context: typer.Context) -> None:
    """Make a new key, signed in by the old one. A running gateway's receipts take it up at the next start."""
    house = house_of(context)
    try:
        elsewhere = house.rotation(context.obj) if isinstance(house, Rotating) else None
        change = elsewhere() if elsewhere else rotate(context.obj)
    except (AuditError, OSError) as error:
        raise refusal(str(error)) from error
    typer.echo(f"retired {change.old.verifier}")
    typer.echo(f"signs   {change.new.verifier}")
