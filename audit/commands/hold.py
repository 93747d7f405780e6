"""`regent audit hold`: what must stay, whatever is asked to go.

A hold stands in the vault before its record is written, and its record of lifting is written before it ends:
an interrupted command leaves something held that need not be, never the other way round.
"""

from pathlib import Path
from typing import Annotated

import typer

from audit import record as records
from audit.commands.ending import told
from audit.commands.homes import Home, at
from audit.commands.house import home_of, house_of
from audit.errors import VaultRefused
from audit.instants import instant_text
from audit.ports import Ports
from audit.vault import codes
from audit.vault.holds import Hold

Subject = Annotated[str | None, typer.Option(help="A subject, by full id: alice@acme.example.")]
Tenant = Annotated[str | None, typer.Option(help="A tenant.")]
Everything = Annotated[bool, typer.Option("--everything", help="The whole log.")]
Basis = Annotated[str, typer.Option(help="Why, as a code: litigation.2026-17.")]
By = Annotated[str, typer.Option(help="Who orders it: a role or a name of the house.")]


def set_hold(
    where: Path | Home, *, subject: str | None = None, tenant: str | None = None, basis: str, by: str
) -> Hold:
    """Hold a subject, a tenant, a subject in a tenant, or with neither the whole log.

    A subject that never called gets its pseudonym now, so that it is held from its first call on.

    Raises:
        VaultRefused: `vault.word`.
        LogUnavailable: `log.cannot_open`, `log.not_durable`, `vault.busy`, `vault.unavailable`. What stands
            in the vault by then is held all the same; setting it again writes the record.
    """
    codes.basis(basis), codes.actor(by)
    home = at(where)
    with home.journal() as journal, home.holding() as vault:
        sref = None if subject is None else vault.settle(subject)
        hold = Hold(sref, tenant, basis, by, Ports().wall_us())
        if vault.put(hold):
            journal.record(records.legal_hold(action="set", sref=sref, tenant=tenant, basis=basis, by=by))
            vault.confirm(hold)
    return hold


def lift_hold(
    where: Path | Home, *, subject: str | None = None, tenant: str | None = None, basis: str, by: str
) -> None:
    """End the hold that was set on just this for just this basis.

    Raises:
        VaultRefused: `vault.unknown` when there is none, `vault.word`.
        LogUnavailable: as for `set_hold`; the hold stands then, whatever the log says already.
    """
    codes.basis(basis), codes.actor(by)
    home = at(where)
    with home.journal() as journal, home.holding() as vault:
        sref = None if subject is None else vault.sref_of(subject) or "unknown"
        wanted = Hold(sref, tenant, basis, by, 0)
        if wanted.place not in {hold.place for hold in vault.standing()}:
            raise VaultRefused("vault.unknown", "there is no such hold")
        journal.record(records.legal_hold(action="lift", sref=sref, tenant=tenant, basis=basis, by=by))
        vault.remove(wanted)


def standing(where: Path | Home) -> list[tuple[Hold, str | None]]:
    """Return the holds, each with the subject's name where it is on one.

    Raises:
        LogUnavailable: `vault.unavailable`.
    """
    with at(where).looking() as vault:
        return [(hold, vault.name_of(hold.sref) if hold.sref else None) for hold in vault.standing()]


def register(app: typer.Typer) -> None:
    """Add the commands to `regent audit`."""
    group = typer.Typer(help="Legal holds: set, lift, list.", no_args_is_help=True)
    group.command("set")(_set)
    group.command("lift")(_lift)
    group.command("list")(_list)
    app.add_typer(group, name="hold")


def _set(
    context: typer.Context,
    *,
    basis: Basis,
    by: By,
    subject: Subject = None,
    tenant: Tenant = None,
    everything: Everything = False,
) -> None:
    """Hold a subject, a tenant or the whole log: nothing of it is erased, and nothing is pruned."""
    _insist_on_one(subject or tenant, everything=everything)
    with told():
        set_hold(_home(context), subject=subject, tenant=tenant, basis=basis, by=by)
    typer.echo("held")


def _lift(
    context: typer.Context,
    *,
    basis: Basis,
    by: By,
    subject: Subject = None,
    tenant: Tenant = None,
    everything: Everything = False,
) -> None:
    """End one hold, named as it was set. Exit code 1: there is none."""
    _insist_on_one(subject or tenant, everything=everything)
    with told():
        lift_hold(_home(context), subject=subject, tenant=tenant, basis=basis, by=by)
    typer.echo("lifted")


def _list(context: typer.Context) -> None:
    """Show what is held, the oldest first."""
    with told():
        found = standing(_home(context))
    for hold, name in found:
        since = instant_text(hold.since_us)
        on = [f"subject {name or hold.sref}"] if hold.sref else []
        on += [f"tenant {hold.tenant}"] if hold.tenant else []
        late = "" if hold.recorded else " (not on the record yet: set it again)"
        typer.echo(f"{since} {', '.join(on) or 'everything'}: {hold.basis}, by {hold.by}{late}")


def _home(context: typer.Context) -> Home:
    return home_of(house_of(context), context.obj)


def _insist_on_one(named: str | None, *, everything: bool) -> None:
    if bool(named) == everything:
        raise typer.BadParameter("give --subject, --tenant or --everything")
