"""`regent audit`: query, verify, head. Words and exit codes for people and scripts; no logic of its own."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol

import orjson
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.errors import AuditError
from audit.instants import instant_us
from audit.postgres.cli import app as postgres_app
from audit.reading.query import Filter, Row, query
from audit.verify.check import head as head_of
from audit.verify.check import verify
from audit.verify.verdict import Verdict
from audit.verify.words import describe, printable

DEFAULT_FOLDER = Path("data/audit")
PIPED_WIDTH = 160

app = typer.Typer(help="Read and check the audit log.", no_args_is_help=True)
app.add_typer(postgres_app, name="postgres")


class Surroundings(Protocol):
    """**Protocol:** the program around these commands."""

    def audit_folder(self) -> Path:
        """Where the configured log is."""
        ...


class Decided(StrEnum):
    """Values of `--decision`."""

    ALLOW = "allow"
    DENY = "deny"


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


@app.command("query")
def query_command(  # noqa: PLR0913 - one option per field of the filter
    context: typer.Context,
    *,
    subject: Annotated[str | None, typer.Option(help="Who asked, by full id: alice@acme.example.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Organization.")] = None,
    team: Annotated[str | None, typer.Option(help="Team.")] = None,
    model: Annotated[str | None, typer.Option(help="Model asked for, or the one that answered.")] = None,
    decision: Annotated[Decided | None, typer.Option(help="What was decided.")] = None,
    reason: Annotated[str | None, typer.Option(help="Reason code.")] = None,
    request: Annotated[str | None, typer.Option(help="Id of the request.")] = None,
    decision_id: Annotated[str | None, typer.Option("--id", help="Id of the decision.")] = None,
    since: Annotated[
        str | None, typer.Option(help="RFC 3339 time, or a span back from now: 7d, 24h.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="The same; exclusive.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show decisions, newest first. Exit code 1: there are none."""
    wanted = Filter(
        subject=subject,
        tenant=tenant,
        team=team,
        model=model,
        action=decision.value if decision else None,
        reason_code=reason,
        request_id=request,
        id=decision_id,
        since_us=_instant_us(since),
        until_us=_instant_us(until),
        limit=limit,
    )
    try:
        rows = list(query(context.obj, wanted))
    except AuditError as error:
        raise _refusal(str(error)) from error
    if as_json:
        sys.stdout.writelines(orjson.dumps(row.as_json()).decode() + "\n" for row in rows)
    else:
        Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(
            _table(rows) if rows else "No decision matches."
        )
    raise typer.Exit(0 if rows else 1)


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


def _instant_us(text: str | None) -> int | None:
    try:
        return None if text is None else instant_us(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _table(rows: list[Row]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("time (UTC)", "decision"):
        table.add_column(title, no_wrap=True)
    for title in ("reason", "team", "model", "served by", "tokens", "request"):
        table.add_column(title, overflow="fold")
    for row in rows:
        moment = datetime.fromtimestamp(row.t_us / 1e6, UTC)
        cells = (
            moment.strftime("%Y-%m-%d %H:%M:%S"),
            row.action if row.n == 1 else f"{row.action} x{row.n}",
            row.end_reason or row.reason_code,
            row.team,
            row.model,
            row.deployment,
            None if row.tokens_in is None else f"{row.tokens_in}+{row.tokens_out}",
            row.request_id,
        )
        table.add_row(*(Text(printable(cell or "")) for cell in cells))
    return table
