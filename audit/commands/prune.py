"""`regent audit prune`: lets go what is older than a point in time. Without `--yes` it only says what.

As with erasing, a record says what goes before it does, and a second one that it is gone. An interrupted
pruning is finished by the next one, with records of its own.
"""

from pathlib import Path
from typing import Annotated

import typer

from audit import record as records
from audit.commands.ending import told
from audit.commands.journal import Journal, origin
from audit.instants import instant_us
from audit.ports import Ports
from audit.vault import codes, database, gates, pruning
from audit.vault.pruning import DAY_US, Plan


def prune(
    folder: Path,
    *,
    before_us: int,
    by: str,
    force: bool = False,
    dry: bool = False,
    ports: Ports | None = None,
) -> Plan:
    """Let go what is older than a point in time; gateways may run meanwhile.

    Args:
        folder: the log.
        before_us: the point in time, microseconds UTC.
        by: who orders it: a role or a name of the house.
        force: also what is younger than 183 days.
        dry: only say what would go.
        ports: the machine; None for its own.

    Returns:
        what went, or would go.

    Raises:
        VaultRefused: `vault.held`, `vault.too_young`, `vault.word`.
        LogUnavailable: `log.cannot_open`, `log.not_durable`, `vault.busy`, `vault.unavailable`.
    """
    codes.actor(by)
    origin(folder)
    ports = ports or Ports()
    with (
        gates.administration(folder / "vault"),
        database.opened(folder / "vault" / database.NAME) as db,
        Journal(folder) as journal,
    ):
        found = pruning.plan(folder, db, before_us, ports.wall_us(), force=force)
        if dry or found.empty:
            return found
        said = {"before_us": before_us, "minimum_index": found.minimum_index, "by": by}
        count = found.facts()
        ref = journal.record(records.prune(stage="begun", count=count, **said))  # type: ignore[arg-type] # by name
        pruning.carry_out(folder, found, ports)
        journal.record(records.prune(stage="done", count=count, ref=ref, **said))  # type: ignore[arg-type] # by name
    return found


def register(app: typer.Typer) -> None:
    """Add the command to `regent audit`."""
    app.command("prune")(_command)


def _command(
    context: typer.Context,
    *,
    before: Annotated[str | None, typer.Option(help="RFC 3339 time, or a span back from now: 400d.")] = None,
    keep_days: Annotated[int | None, typer.Option(min=0, help="The same as a number of days.")] = None,
    by: Annotated[str, typer.Option(help="Who orders it: a role or a name of the house.")] = "operator",
    force: Annotated[bool, typer.Option("--force", help="Also what is younger than 183 days.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
) -> None:
    """Let go what is older: the vault's sidecars, and the log's entries below a minimum index.

    Exit codes: 0 done, 3 under a legal hold or too young, 40 the log or its vault can't be used.
    """
    if (before is None) == (keep_days is None):
        raise typer.BadParameter("give --before or --keep-days")
    with told():
        found = prune(context.obj, before_us=_before_us(before, keep_days), by=by, force=force, dry=not yes)
    went = "went" if yes else "would go (--yes does it)"
    counts = ", ".join(f"{name} {value}" for name, value in found.facts().items())
    typer.echo(f"{went}: {counts}; minimum index: {found.minimum_index or 0}")


def _before_us(before: str | None, keep_days: int | None) -> int:
    if before is None:
        return Ports().wall_us() - (keep_days or 0) * DAY_US
    try:
        return instant_us(before)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
