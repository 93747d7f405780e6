"""`regent audit`: mounts the commands, which are in `audit/commands/`; verify and head still stand here."""

import sys
from pathlib import Path
from typing import Annotated, Any, Protocol

import orjson
import typer

from audit.commands import copy, doctor, query, reindex
from audit.verify.check import head as head_of
from audit.verify.check import verify
from audit.verify.verdict import Verdict
from audit.verify.words import describe

DEFAULT_FOLDER = Path("data/audit")

app = typer.Typer(help="Read and check the audit log.", no_args_is_help=True)


class Surroundings(Protocol):
    """**Protocol:** the program around these commands."""

    def audit_folder(self) -> Path:
        """Where the configured log is."""
        ...


@app.callback()
def choose_folder(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(help="The log's folder. Default: as configured, else data/audit.")
    ] = None,
) -> None:
    """Settle which log is meant: the option, else what the program around this one configured."""
    house: Surroundings | None = context.obj
    context.obj = folder or (house.audit_folder() if house else DEFAULT_FOLDER)
    typer.echo(f"log: {context.obj}", err=True)


@app.command("verify")
def verify_command(
    context: typer.Context,
    *,
    since: Annotated[
        Path | None, typer.Option(help="A head kept from an earlier `regent audit head`.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Check the whole log.

    Exit codes: 0 verified against the kept head, 10 whole by the operator's word alone, 20 tampered,
    21 forked or rolled back, 30 incomplete, 40 cannot check.
    """
    report = verify(context.obj, _kept_head(since) if since else None)
    if as_json:
        facts = {"verdict": report.verdict.name.lower(), "kept": report.kept, "records": report.records}
        found = [
            {"verdict": each.verdict.name.lower(), "where": each.where, "what": each.what}
            for each in report.findings
        ]
        text = orjson.dumps({**facts, **head_of(report), "findings": found, "notes": report.notes}).decode()
    else:
        text = "\n".join(describe(report))
    sys.stdout.write(text + "\n")
    raise typer.Exit(report.verdict)


@app.command("head")
def head_command(context: typer.Context) -> None:
    """Print the log's head, for an auditor to keep: each writer's size and root.

    A log that contradicts itself has no head worth keeping; then nothing is printed, and the exit code
    is that of `verify`.
    """
    report = verify(context.obj)
    if report.verdict not in {Verdict.OPERATOR_ASSERTED, Verdict.INCOMPLETE}:
        sys.stderr.write("\n".join(describe(report)) + "\n")
        raise typer.Exit(report.verdict)
    sys.stdout.write(orjson.dumps(head_of(report), option=orjson.OPT_INDENT_2).decode() + "\n")


def _kept_head(path: Path) -> dict[str, Any]:
    try:
        kept = orjson.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _refusal(f"the kept head in {path} cannot be read: {error}") from error
    if not isinstance(kept, dict):
        raise _refusal(f"the kept head in {path} is no JSON object")
    return kept


def _refusal(message: str) -> typer.Exit:
    sys.stderr.write(message + "\n")
    return typer.Exit(Verdict.CANNOT_CHECK)


query.register(app)
reindex.register(app)
doctor.register(app)
copy.register(app)
