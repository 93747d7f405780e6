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
from audit.commands.journal import Journal
from audit.errors import VaultRefused
from audit.ports import Ports
from audit.reading.stream import events
from audit.vault import codes, erasure
from audit.vault.erasure import Counts, Erasure, Records


def erase(
    folder: Path,
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
        folder: the log.
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
    with Journal(folder) as journal:
        _finish(folder, journal, naming, ports)

        def announce(meant: Erasure) -> None:
            begun.update(scope=meant.scope, sref=meant.sref, record=meant.record, **said)
            begun["ref"] = journal.record(records.erasure(stage="begun", count={}, **begun))

        if subject is not None:
            counts = erasure.erase_subject(folder, subject, records=naming, announce=announce, ports=ports)
        else:
            counts = erasure.erase_record(folder, record or "", announce=announce, ports=ports)
        journal.record(records.erasure(stage="done", count=counts.facts(), **begun))
    return counts


def finish(folder: Path, *, naming: Records | None = None, ports: Ports | None = None) -> int:
    """Finish erasures that were begun and interrupted; return how many there were.

    Raises:
        VaultRefused: `vault.held`.
        LogUnavailable: as for `erase`.
    """
    with Journal(folder) as journal:
        return _finish(folder, journal, naming, ports, strict=True)


def again(folder: Path, *, naming: Records | None = None, ports: Ports | None = None) -> int:
    """Do every erasure of the log again: after a backup of the vault came back, which had it all.

    Returns:
        how many erasures there were; each gets one more `done`.

    Raises:
        VaultRefused: `vault.held`.
        LogUnavailable: as for `erase`.
    """
    begun = [each for each in events(folder, "erasure") if each["stage"] == "begun"]
    with Journal(folder) as journal:
        for each in begun:
            _do(each, folder, journal, naming, ports)
    return len(begun)


def pending(folder: Path) -> list[dict[str, Any]]:
    """Return the records of erasures that were begun and not done.

    Raises:
        LogUnavailable: `log.cannot_open`.
    """
    found = list(events(folder, "erasure"))
    done = {each["ref"] for each in found if each["stage"] == "done"}
    return [each for each in found if each["stage"] == "begun" and each["id"] not in done]


def _finish(
    folder: Path, journal: Journal, naming: Records | None, ports: Ports | None, *, strict: bool = False
) -> int:
    done = 0
    for each in pending(folder):
        try:
            _do(each, folder, journal, naming, ports)
        except VaultRefused:  # held since; that must not keep others from being erased
            if strict:
                raise
        else:
            done += 1
    return done


def _do(
    begun: dict[str, Any], folder: Path, journal: Journal, naming: Records | None, ports: Ports | None
) -> None:
    """Erase what a record says, and record that it is done."""
    meant = Erasure(begun["scope"], begun["sref"], begun["record"])
    counts = erasure.resume(folder, meant, records=naming, ports=ports)
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
    folder: Path = context.obj
    with told():
        if resume:
            typer.echo(f"finished: {finish(folder)}")
            return
        if after_restore:
            typer.echo(f"erased again: {again(folder)}")
            return
        if (subject is None) == (record is None) or not basis or not by:
            raise typer.BadParameter("give --subject or --record, and --basis and --by")
        if not yes:
            typer.confirm(f"Erase {subject or record} for good?", abort=True, err=True)
        counts = erase(folder, subject=subject, record=record, basis=basis, by=by)
    typer.echo(", ".join(f"{name} {value}" for name, value in counts.facts().items() if name != "unread"))
    if counts.unread:
        sys.stderr.write(f"{counts.unread} segments can't be read to their end; see `regent audit verify`\n")
        raise typer.Exit(INCOMPLETE)
