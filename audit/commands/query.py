"""`regent audit query`: what was decided and done, as a table or as a file."""

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit.commands import handing_over, questions
from audit.commands.house import house_of, source_of
from audit.commands.refusal import refusal
from audit.errors import AuditError
from audit.index.row import KINDS
from audit.instants import instant_us
from audit.ports import Ports
from audit.reading.formats import comma_separated, json_lines
from audit.reading.parquet import parquet
from audit.reading.query import DECISIONS, Filter, Row, query
from audit.reading.source import Source
from audit.verify.words import printable

PIPED_WIDTH = 160
_TABLE_ROWS = 500
_SHORT = 14
EVERY = "all"
"""As a value of `--kind`."""

Prove = Callable[[int], bytes]
"""Returns a `.tlog-proof` of the entry at an index of the merged log."""
Prover = Callable[[Path], Prove]
"""Makes one for the log in a folder."""


class Decided(StrEnum):
    """Values of `--decision`."""

    ALLOW = "allow"
    DENY = "deny"


class Format(StrEnum):
    """Values of `--format`."""

    TABLE = "table"
    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


_WRITERS = {Format.JSONL: json_lines, Format.CSV: comma_separated, Format.PARQUET: parquet}


def register(app: typer.Typer, prover: Prover | None = None) -> None:
    """Mount the command.

    Args:
        app: where.
        prover: what `--with-proof` asks; without it the option is refused.
    """

    @app.command("query")
    def command(  # noqa: PLR0913 - one option per field of the filter
        context: typer.Context,
        *,
        subject: Annotated[
            str | None, typer.Option(help="Who asked, by full id: alice@acme.example.")
        ] = None,
        tenant: Annotated[str | None, typer.Option(help="Organization.")] = None,
        team: Annotated[str | None, typer.Option(help="Team.")] = None,
        model: Annotated[str | None, typer.Option(help="Model asked for, or the one that answered.")] = None,
        decision: Annotated[Decided | None, typer.Option(help="What was decided.")] = None,
        reason: Annotated[str | None, typer.Option(help="Reason code.")] = None,
        rule: Annotated[
            str | None, typer.Option(help="A rule that fired, with rows or without: a.rego:21 or a.rego.")
        ] = None,
        control: Annotated[str | None, typer.Option(help="A control that it serves: GDPR-44.")] = None,
        deployment: Annotated[str | None, typer.Option(help="The deployment that answered.")] = None,
        request: Annotated[str | None, typer.Option(help="Id of the request.")] = None,
        record_id: Annotated[str | None, typer.Option("--id", help="Id of the decision or record.")] = None,
        kind: Annotated[
            list[str] | None,
            typer.Option(
                help="Kind of record: access, policy.load, policy.transition ..., or `all`; may be repeated."
            ),
        ] = None,
        since: Annotated[
            str | None, typer.Option(help="RFC 3339 time, or a span back from now: 7d, 24h.")
        ] = None,
        until: Annotated[str | None, typer.Option(help="The same; exclusive.")] = None,
        limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
        every: Annotated[bool, typer.Option("--all", help="All rows, whatever `--limit` says.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Short for `--format jsonl`.")] = False,
        form: Annotated[Format, typer.Option("--format", help="How to show the rows.")] = Format.TABLE,
        output: Annotated[
            Path | None, typer.Option("--output", "-o", help="A new file, instead of the screen.")
        ] = None,
        with_proof: Annotated[
            Path | None, typer.Option(help="A folder for a .tlog-proof of each record that is shown.")
        ] = None,
        by: Annotated[
            str, typer.Option(help="Who asks: a role or a name of the house.")
        ] = handing_over.OPERATOR,
    ) -> None:
        """Show decisions, newest first; with `--kind` other records. The log gets a record of it.

        Exit codes: 0 shown, 1 there are none, 40 the log can't be read, or not be written to.
        """
        form = Format.JSONL if as_json else form
        if form is Format.PARQUET and output is None and sys.stdout.isatty():
            raise typer.BadParameter("Parquet is no text: give --output, or a pipe")
        wanted = Filter(
            subject=subject,
            tenant=tenant,
            team=team,
            model=model,
            action=decision.value if decision else None,
            reason_code=reason,
            request_id=request,
            id=record_id,
            since_us=_instant_us(since),
            until_us=_instant_us(until),
            limit=None if every else limit,
            rule=rule,
            control=control,
            deployment=deployment,
            kinds=kinds_of(kind),
        )
        folder, who = Path(context.obj), handing_over.actor(by)
        try:
            house = house_of(context)
            source = source_of(house, folder)
            rows, found = _found(folder, wanted, source)
            questions.record(folder, house, source, wanted, by=who, n=found)
            if with_proof is not None:
                rows = _proven(rows, _prove(prover, folder), with_proof)
            count = _show(rows, form, output, kinds=wanted.kinds)
        except (AuditError, OSError) as error:
            raise refusal(str(error)) from error
        raise typer.Exit(0 if count else 1)


def _found(folder: Path, wanted: Filter, source: Source) -> tuple[Iterator[Row], int]:
    """Return the rows and how many there are, which is known before the first is shown."""
    if wanted.limit is not None:
        rows = list(query(folder, wanted, source=source))
        return iter(rows), len(rows)
    # Of all there may be more than memory holds. What comes meanwhile isn't shown.
    wanted = replace(wanted, until_us=wanted.until_us or Ports().wall_us())
    count = sum(1 for _ in query(folder, wanted, source=source))
    return query(folder, wanted, source=source), count


def kinds_of(given: list[str] | None) -> frozenset[str] | None:
    """Return the kinds of records that are asked for; None for every kind.

    Raises:
        typer.BadParameter: no record is of a kind that was named; the answer would look like an empty log.
    """
    if not given:
        return DECISIONS
    if unknown := sorted({*given} - KINDS - {EVERY}):
        names = ", ".join([*sorted(KINDS), EVERY])
        raise typer.BadParameter(
            f"no record is of the kind {printable(unknown[0])[:64]!r}; there are {names}"
        )
    return None if EVERY in given else frozenset(given)


def _instant_us(text: str | None) -> int | None:
    try:
        return None if text is None else instant_us(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _show(rows: Iterator[Row], form: Format, output: Path | None, *, kinds: frozenset[str] | None) -> int:
    """Write the rows; return how many there were."""
    if output is None:
        return _print(rows, kinds) if form is Format.TABLE else _write(rows, form, sys.stdout.buffer)
    with output.open("xb") as file:  # never over what is there
        output.chmod(0o600)
        return _write(rows, Format.CSV if form is Format.TABLE else form, file)


def _write(rows: Iterator[Row], form: Format, out: BinaryIO) -> int:
    count = _WRITERS[form](rows, out)
    out.flush()
    return count


def _print(rows: Iterator[Row], kinds: frozenset[str] | None) -> int:
    console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
    count = 0
    while some := list(islice(rows, _TABLE_ROWS)):
        console.print(_table(some))
        count += len(some)
    if not count:
        others = "; `--kind all` asks for every other record, too"
        console.print(f"No decision matches{others}." if kinds == DECISIONS else "No record matches.")
    return count


def _prove(prover: Prover | None, folder: Path) -> Prove:
    if prover is None:
        raise typer.BadParameter("this program can't make proofs")
    return prover(folder)


def _proven(rows: Iterable[Row], prove: Prove, folder: Path) -> Iterator[Row]:
    """Pass rows on, and write the proof of each record that they show; say at the end how many have none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    early = 0
    for row in rows:
        for index in (row.log_index, row.end_index):
            if index is not None:
                (folder / f"{index}.tlog-proof").write_bytes(prove(index))
        early += row.log_index is None or (row.end is not None and row.end_index is None)
        yield row
    if early:
        sys.stderr.write(f"{early} rows have no whole proof yet: what they show is not indexed yet\n")


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
            _said(row),
            row.end_reason or row.reason_code or _which(row),
            row.team or row.by,
            row.model,
            row.deployment,
            None if row.tokens_in is None else f"{row.tokens_in}+{row.tokens_out}",
            row.request_id,
        )
        table.add_row(*(Text(printable(cell or "")) for cell in cells))
    return table


def _which(row: Row) -> str | None:
    """Of a step of a policy, which revision took it: nothing else in the table says so."""
    return row.revision[:_SHORT] if row.revision and row.kind not in DECISIONS else None


def _said(row: Row) -> str:
    """What was decided; of other records, what they are and what was done."""
    said = row.action if row.kind in DECISIONS else f"{row.kind} {row.action}".rstrip()
    return said if row.n == 1 else f"{said} x{row.n}"
