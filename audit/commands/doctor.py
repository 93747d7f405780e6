"""`regent audit doctor`: what an operator needs to know of the log's folder."""

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from audit.commands.refusal import refusal
from audit.doctor.examine import examine
from audit.doctor.finding import Finding
from audit.errors import AuditError
from audit.verify.words import printable


def register(app: typer.Typer) -> None:
    """Mount the command."""

    @app.command("doctor")
    def command(
        context: typer.Context,
        *,
        deep: Annotated[
            bool, typer.Option("--deep", help="Read every segment, not only each writer's newest two.")
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    ) -> None:
        """Look for what needs attention: modes, space, clock, what lags behind, what a crash has left.

        It proves nothing; that is `verify`. Exit code 1: there is a problem. Notes alone are 0.
        """
        folder = Path(context.obj)
        problems = 0
        count = 0
        try:
            for count, each in enumerate(examine(folder, deep=deep), 1):  # noqa: B007 - the last one counts
                problems += each.kind.weight == "problem"
                sys.stdout.write(_as_json(each) if as_json else _as_words(each))
        except (OSError, ValueError, KeyError, TypeError, AuditError) as error:
            raise refusal(f"cannot examine {folder}: {error}") from error
        if not count and not as_json:
            sys.stdout.write("Nothing was found.\n")
        raise typer.Exit(1 if problems else 0)


def _as_json(found: Finding) -> str:
    kind = found.kind
    facts = {"code": found.code, "weight": kind.weight, "where": found.where, "what": found.what}
    return orjson.dumps(facts | {"means": kind.means, "do": kind.do}).decode() + "\n"


def _as_words(found: Finding) -> str:
    kind = found.kind
    lines = (
        f"{kind.weight.upper()} {found.code}: {found.where}: {found.what}",
        f"  means: {kind.means}",
        f"  do: {kind.do}",
    )
    return "".join(printable(line) + "\n" for line in lines)
