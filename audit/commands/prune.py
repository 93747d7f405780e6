"""`regent audit prune`: lets go what is older than a point in time. Without `--yes` it only says what.

As with erasing, a record says what goes before it does, and a second one that it is gone. Of the log itself
nothing goes before the first one stands under a signed checkpoint: who finds entries missing finds the record
that announced it, too. An interrupted pruning is finished by the next one, with records of its own.
"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from audit import record as records
from audit.commands.covering import await_covered, size_of
from audit.commands.ending import told
from audit.commands.house import Journalling, house_of, witnesses_of
from audit.commands.journal import Journal, origin
from audit.commands.refusal import refusal
from audit.instants import instant_us
from audit.ports import Ports
from audit.record import Record
from audit.vault import codes, database, expiry, gates, holds, pruning
from audit.vault.pruning import DAY_US, Plan


def prune(
    folder: Path,
    *,
    before_us: int,
    by: str,
    force: bool = False,
    dry: bool = False,
    witnesses: Path | None = None,
    ports: Ports | None = None,
) -> Plan:
    """Let go what is older than a point in time; gateways may run meanwhile.

    Args:
        folder: the log.
        before_us: the point in time, microseconds UTC.
        by: who orders it: a role or a name of the house.
        force: also what is younger than 183 days.
        dry: only say what would go.
        witnesses: the tlog-policy that names the log's witnesses; None for a log without.
        ports: the machine; None for its own.

    Returns:
        what went, or would go.

    Raises:
        VaultRefused: `vault.held`, `vault.too_young`, `vault.word`.
        LogUnavailable: `log.cannot_open`, `log.not_durable`, `log.unmerged`, `vault.busy`,
            `vault.unavailable`.
        LogDamaged: the log can't be merged.
        OSError: when the disk refuses; doing it again finishes it.
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
        count, least = found.facts(), found.minimum_index
        size = size_of(folder)
        ref = journal.record(_record("begun", before_us, least, by, count, None))
        if found.bundles or found.segments:
            await_covered(folder, ref, size, witnesses=witnesses)
        pruning.carry_out(folder, found, ports)
        journal.record(_record("done", before_us, least, by, count, ref))
    return found


def expire(folder: Path, *, by: str, dry: bool = False, ports: Ports | None = None) -> dict[str, int]:
    """Erase from the vault what belongs to decisions whose days, in their obligation `retain`, are over.

    Args:
        folder: the log.
        by: who orders it: a role or a name of the house.
        dry: only say how many decisions and ends there are.
        ports: the machine; None for its own.

    Returns:
        how many records there are, and unless it is dry how many pieces were overwritten, by kind.

    Raises:
        VaultRefused: `vault.held`, `vault.word`.
        LogUnavailable: as for `prune`.
        OSError: when the disk refuses; doing it again finishes it.
    """
    codes.actor(by)
    ports = ports or Ports()
    now_us = ports.wall_us()
    origin(folder)
    with (
        gates.administration(folder / "vault"),
        database.opened(folder / "vault" / database.NAME) as db,
        Journal(folder) as journal,
    ):
        holds.insist_none(db)
        ids = expiry.live(folder / "vault", expiry.over(folder, now_us).ids)
        found = {"record": len(ids)}
        if ids and not dry:
            ref = journal.record(_record("begun", now_us, None, by, found, None))
            found |= expiry.erase(folder / "vault", ids, ports)
            journal.record(_record("done", now_us, None, by, found, ref))
    return found


def _record(
    stage: Literal["begun", "done"],
    before_us: int,
    least: int | None,
    by: str,
    count: dict[str, int],
    ref: str | None,
) -> Record:
    return records.prune(stage=stage, before_us=before_us, minimum_index=least, by=by, count=count, ref=ref)


def register(app: typer.Typer) -> None:
    """Add the command to `regent audit`."""
    app.command("prune")(_command)


def _command(
    context: typer.Context,
    *,
    before: Annotated[str | None, typer.Option(help="RFC 3339 time, or a span back from now: 400d.")] = None,
    keep_days: Annotated[int | None, typer.Option(min=0, help="The same as a number of days.")] = None,
    due: Annotated[
        bool, typer.Option("--due", help="What policies wanted kept for days that are over, of the vault.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who orders it: a role or a name of the house.")] = "operator",
    force: Annotated[bool, typer.Option("--force", help="Also what is younger than 183 days.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only say what would go.")] = False,
) -> None:
    """Let go what is old: the vault's sidecars and the log's entries below a minimum index, or what is due.

    Exit codes: 0 done, 3 under a legal hold or too young, 40 the log or its vault can't be used.
    """
    with told():
        house = house_of(context)
        if isinstance(house, Journalling) and house.recorder(context.obj) is not None:
            raise refusal("a log in a database isn't pruned yet; its folder is a copy")
    if [before is not None, keep_days is not None, due].count(True) != 1:
        raise typer.BadParameter("give --before, --keep-days or --due")
    if due:
        with told():
            counts = expire(context.obj, by=by, dry=not yes)
        _tell(counts, yes=yes)
        return
    with told():
        found = prune(
            context.obj,
            before_us=_before_us(before, keep_days),
            by=by,
            force=force,
            dry=not yes,
            witnesses=witnesses_of(context),
        )
    _tell(found.facts(), f"; minimum index: {found.minimum_index or 0}", yes=yes)


def _tell(counts: dict[str, int], more: str = "", *, yes: bool) -> None:
    went = "went" if yes else "would go (--yes does it)"
    typer.echo(f"{went}: {', '.join(f'{name} {value}' for name, value in counts.items())}{more}")


def _before_us(before: str | None, keep_days: int | None) -> int:
    if before is None:
        return Ports().wall_us() - (keep_days or 0) * DAY_US
    try:
        return instant_us(before)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
