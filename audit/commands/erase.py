"""`regent audit erase`: what the vault holds of a subject, or of a decision, with two records about it.

The first record is durable before anything goes, and says what will; the second has the counts. So neither a
crash nor a full disk loses the fact: whatever is gone, a `begun` stands in the log. One without its `done`
was interrupted, and the next command of this kind finishes it first, from what the log says.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from audit import record as records
from audit.commands.ending import INCOMPLETE, told
from audit.commands.homes import FolderHome, Home
from audit.commands.house import home_of, house_of
from audit.commands.journal import Journal
from audit.errors import VaultRefused
from audit.ports import Ports
from audit.vault import codes
from audit.vault.erasure import Counts, Erasure, Records


def erase(
    where: Path | Home,
    *,
    subject: str | None = None,
    record: str | None = None,
    basis: str,
    by: str,
    naming: Records | None = None,
    ports: Ports | None = None,
) -> Counts:
    """Erase a subject or a decision, durably and on the record; gateways may run meanwhile.

    Args:
        where: the log; the last two are asked of a folder only.
        subject: full id, `<sub>@<issuer's name>`.
        record: id of a decision or of its end, in place of a subject.
        basis: why, as a code: `gdpr.art17`.
        by: who orders it: a role or a name of the house.
        naming: names the records of a pseudonym; the log is searched without it.
        ports: the disk; None for the machine's own.

    Raises:
        VaultRefused: `vault.unknown`, `vault.held`, `vault.word`.
        LogUnavailable: `log.cannot_open`, `log.not_durable`, `vault.busy`, `vault.unavailable`.
    """
    said = {"basis": codes.basis(basis), "by": codes.actor(by)}
    begun: dict[str, Any] = {}
    home = _at(where, naming, ports)
    with home.journal() as journal:
        _finish(home, journal)

        def announce(meant: Erasure) -> None:
            begun.update(scope=meant.scope, sref=meant.sref, record=meant.record, **said)
            begun["ref"] = journal.record(records.erasure(stage="begun", count={}, **begun))

        if subject is not None:
            counts = home.erase_subject(subject, announce)
        else:
            counts = home.erase_record(record or "", announce)
        journal.record(records.erasure(stage="done", count=counts.facts(), **begun))
    return counts


def finish(where: Path | Home, *, naming: Records | None = None, ports: Ports | None = None) -> int:
    """Finish erasures that were begun and interrupted; return how many there were.

    Raises:
        VaultRefused: `vault.held`.
        LogUnavailable: as for `erase`.
    """
    home = _at(where, naming, ports)
    with home.journal() as journal:
        return _finish(home, journal, strict=True)


def again(where: Path | Home, *, naming: Records | None = None, ports: Ports | None = None) -> int:
    """Do every erasure of the log again: after a backup of the vault came back, which had it all.

    Returns:
        how many erasures there were; each gets one more `done`.

    Raises:
        VaultRefused: `vault.held`.
        LogUnavailable: as for `erase`.
    """
    home = _at(where, naming, ports)
    begun = [each for each in home.events("erasure") if each["stage"] == "begun"]
    with home.journal() as journal:
        for each in begun:
            _do(each, home, journal)
    return len(begun)


def pending(where: Path | Home) -> list[dict[str, Any]]:
    """Return the records of erasures that were begun and not done.

    Raises:
        LogUnavailable: `log.cannot_open`.
    """
    found = list(_at(where).events("erasure"))
    done = {each["ref"] for each in found if each["stage"] == "done"}
    return [each for each in found if each["stage"] == "begun" and each["id"] not in done]


def _at(where: Path | Home, naming: Records | None = None, ports: Ports | None = None) -> Home:
    return FolderHome(where, naming, ports) if isinstance(where, Path) else where


def _finish(home: Home, journal: Journal, *, strict: bool = False) -> int:
    done = 0
    for each in pending(home):
        try:
            _do(each, home, journal)
        except VaultRefused:  # held since; that must not keep others from being erased
            if strict:
                raise
        else:
            done += 1
    return done


def _do(begun: dict[str, Any], home: Home, journal: Journal) -> None:
    """Erase what a record says, and record that it is done."""
    meant = Erasure(begun["scope"], begun["sref"], begun["record"])
    counts = home.resume(meant)
    facts = {name: begun[name] for name in ("scope", "sref", "record", "basis", "by")}
    journal.record(records.erasure(stage="done", count=counts.facts(), ref=begun["id"], **facts))


def register(app: typer.Typer) -> None:
    """Add the command to `regent audit`."""
    app.command("erase")(_command)


def _command(  # noqa: PLR0913 - one option per choice
    context: typer.Context,
    *,
    subject: Annotated[str | None, typer.Option(help="Who, by full id: alice@acme.example.")] = None,
    record: Annotated[str | None, typer.Option(help="One decision, by its id, with its end.")] = None,
    basis: Annotated[str | None, typer.Option(help="Why, as a code: gdpr.art17.")] = None,
    by: Annotated[str | None, typer.Option(help="Who orders it: a role or a name of the house.")] = None,
    resume: Annotated[bool, typer.Option(help="Only finish what was interrupted.")] = False,
    after_restore: Annotated[
        bool, typer.Option(help="Do every erasure of the log again: a backup of the vault came back.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Erase what the vault holds of a subject or of a decision. The log and its proofs stay whole.

    Exit codes: 0 erased, 1 nothing of that name, 3 under a legal hold, 30 erased but a part of the log can't
    be read, 40 the log or its vault can't be used.
    """
    with told():
        home = home_of(house_of(context), context.obj)
        if resume:
            typer.echo(f"finished: {finish(home)}")
            return
        if after_restore:
            typer.echo(f"erased again: {again(home)}")
            return
        if (subject is None) == (record is None) or not basis or not by:
            raise typer.BadParameter("give --subject or --record, and --basis and --by")
        if not yes:
            typer.confirm(f"Erase {subject or record} for good?", abort=True, err=True)
        counts = erase(home, subject=subject, record=record, basis=basis, by=by)
    typer.echo(", ".join(f"{name} {value}" for name, value in counts.facts().items() if name != "unread"))
    if counts.unread:
        sys.stderr.write(f"{counts.unread} segments can't be read to their end; see `regent audit verify`\n")
        raise typer.Exit(INCOMPLETE)
