"""`regent policy`: the commands of whoever writes rules; words and exit codes only.

Exit codes: 0 all is well, 1 something was found (a finding, a failed test, a line that none reaches),
2 wrong usage, 3 it couldn't be done. A refusal that `explain` explains is no failure.
Longer than most modules because a command is mostly its options.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bundles import default_path
from bundles.authoring import (
    checking,
    data_pages,
    described,
    explaining,
    junit,
    matrix,
    pages,
    scaffold,
    tables,
    testing,
    words,
)
from bundles.authoring import sources as reading
from bundles.authoring.sources import Place
from bundles.commands import binary
from bundles.commands.naming import meant
from bundles.documents import parse_object
from bundles.errors import BundleError
from bundles.files import read_small

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bundles.authoring.ports import House
    from bundles.bundle import Bundle

FOUND = 1
NOT_DONE = 3
MAX_QUESTION_BYTES = 16 * 1024 * 1024
"""More than any question has: the gateway keeps none beyond 1 MiB."""
_SCHEMA = "schemas/regent.json"

app = typer.Typer(
    name="policy",
    help="Check, test and explain policies; start new rules; write their documents.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Sources = Annotated[Path, typer.Argument(help="Folder of the policy sources.", exists=True, file_okay=False)]
OPA = Annotated[
    Path | None, typer.Option("--opa", help="The opa binary; else REGENT_OPA, .tools/opa, or PATH's.")
]
AsJSON = Annotated[bool, typer.Option("--json", help="For programs.")]
_POLICIES = Path("policies")


class Format(StrEnum):
    """Values of `--format`."""

    MARKDOWN = "markdown"
    CSV = "csv"
    HTML = "html"


@app.command()
def check(
    ctx: typer.Context, sources: Sources = _POLICIES, *, opa: OPA = None, as_json: AsJSON = False
) -> None:
    """Say what there is to mend in policy sources. Exit code 1: there is something. Needs `opa`."""
    with _told():
        found = checking.check(sources, binary.opa(ctx, opa))
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in found], ensure_ascii=False))
    else:
        for each in found:
            typer.echo(f"{sources / each.file}:{each.row}: {each.what}: {each.mend}")
        typer.echo(f"{sources}: {len(found)} to mend" if found else f"{sources}: nothing to mend", err=True)
    raise typer.Exit(FOUND if found else 0)


@app.command("test")
def run_tests(  # noqa: PLR0913 - one parameter per option
    ctx: typer.Context,
    sources: Sources = _POLICIES,
    *,
    coverage: Annotated[
        bool | None, typer.Option("--coverage/--no-coverage", help="Measure lines; left out with --run.")
    ] = None,
    threshold: Annotated[float, typer.Option(min=0, max=100, help="Lines to reach, in percent.")] = 100,
    report: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file.")] = None,
    only: Annotated[str | None, typer.Option("--run", help="Only tests whose name matches.")] = None,
    opa: OPA = None,
    as_json: AsJSON = False,
) -> None:
    """Run the tests of policy sources. Exit code 1: one failed, or lines are not reached. Needs `opa`."""
    measured = coverage if coverage is not None else only is None
    with _told():
        found = testing.run(sources, binary.opa(ctx, opa), only=only, coverage=measured)
        if not found.cases:
            raise BundleError(
                "bundle.tool", f"no test matches {only!r}" if only else f"{sources} has no tests"
            )
        if report is not None:
            _write(report, junit.written(found))
    reached = not measured or found.reaches(threshold)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _say(words.tested(found, threshold))
    raise typer.Exit(0 if reached and not found.failed else FOUND)


@app.command()
def explain(
    ctx: typer.Context,
    *,
    question: Annotated[
        Path | None, typer.Option("--input", help="A question as JSON; `-` reads standard input.")
    ] = None,
    decision: Annotated[str | None, typer.Option(help="A decision of the log, by its id.")] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Folder or .tar.gz; the configured one otherwise.")
    ] = None,
    phase: Annotated[
        str | None, typer.Option(help="admission, request, ...; else as the question is.")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Say how a decision comes about: rules that spoke, reasons, duties, each line. Needs no `opa`."""
    if (question is None) == (decision is None):
        raise typer.BadParameter("give either --input or --decision")
    with _told():
        asked, entered, revision = _asked(ctx, question, decision)
        chosen = _bundle(ctx, bundle, revision)
        found = explaining.explain(chosen, phase or entered or explaining.phase_of(asked), asked)
    if revision and chosen.revision != revision:
        typer.echo(
            f"{revision} decided, says the log; this is by {chosen.revision} (--bundle names another)",
            err=True,
        )
    if as_json:
        typer.echo(words.as_json(found))
    else:
        _say(words.explained(found))


@app.command()
def new(  # noqa: PLR0913 - one parameter per option
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(help="The rule's name: lower-case letters, digits, underscores.")],
    sources: Sources = _POLICIES,
    *,
    phase: Annotated[str, typer.Option(help="When it is asked: admission, request, ...")],
    kind: Annotated[str, typer.Option(help="What it does: grants, denies, routes or obligations.")],
    title: Annotated[str, typer.Option(help="One line; made of the name otherwise.")] = "",
    table: Annotated[str, typer.Option(help="Start a table of the data of this name, too.")] = "",
    docs: Annotated[Path | None, typer.Option(help="Folder of the pages; else docs/rules beside.")] = None,
    opa: OPA = None,
) -> None:
    """Start a rule with tests and page; it counts as `shadow` until you say otherwise. Needs `opa`."""
    wanted = scaffold.Wanted(Place(phase, kind, rule), title, table)
    with _told():
        written = scaffold.new(
            sources, wanted, binary.opa(ctx, opa), docs or sources.parent / "docs" / "rules"
        )
    _say(f"wrote {path}" for path in written)
    _say([f"next: regent policy check {sources} && regent policy test {sources}"])


@app.command("matrix")
def matrix_command(
    ctx: typer.Context,
    sources: Sources = _POLICIES,
    *,
    style: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.MARKDOWN,
    output: Annotated[Path | None, typer.Option(help="Write it to this file.")] = None,
    decisions: Annotated[
        bool, typer.Option("--decisions/--no-decisions", help="With the newest decisions of the log.")
    ] = True,
    opa: OPA = None,
) -> None:
    """Write the control matrix: control, rules, tests, last decisions. Needs `opa`."""
    with _told():
        rules = described.rules(reading.read(sources, binary.opa(ctx, opa)))
        found = matrix.rows(rules, _house(ctx).decisions() if decisions else None)
        write = {
            Format.MARKDOWN: matrix.as_markdown,
            Format.CSV: matrix.as_csv,
            Format.HTML: matrix.as_html,
        }[style]
        _put(output, write(found))


@app.command("docs")
def docs_command(
    ctx: typer.Context,
    sources: Sources = _POLICIES,
    *,
    output: Annotated[Path | None, typer.Option(help="Write a page for each rule to this folder.")] = None,
    data: Annotated[Path | None, typer.Option(help="Write the data files' reference to this file.")] = None,
    opa: OPA = None,
) -> None:
    """Write a page for each rule, the reference of the data files, or both. The first needs `opa`."""
    if output is None and data is None:
        raise typer.BadParameter("give --output, --data or both")
    with _told():
        schema = parse_object((sources / _SCHEMA).read_bytes(), _SCHEMA)
        if data is not None:
            files = [(file.name, file.at) for file in tables.read(sources)]
            _put(data, data_pages.page(schema, files))
        if output is not None:
            read = reading.read(sources, binary.opa(ctx, opa))
            _put_pages(output, pages.pages(described.rules(read), described.of_the_frame(read), schema))


def _asked(
    ctx: typer.Context, file: Path | None, decision: str | None
) -> tuple[dict[str, Any], str | None, str]:
    """The question; the phase that it was asked at and the revision that answered, where they are known."""
    if file is not None:
        if str(file) == "-":
            raw = sys.stdin.buffer.read(MAX_QUESTION_BYTES)
        else:
            raw = read_small(file, MAX_QUESTION_BYTES)
        return parse_object(raw, str(file)), None, ""
    found = _house(ctx).question(str(decision))
    if found is None:
        raise BundleError("bundle.unreadable", f"the log has no question of decision {decision}")
    return found["document"], found["path"].split("/")[1], found["revision"]


def _put_pages(folder: Path, found: dict[str, str]) -> None:
    """The pages, and none of a rule that is gone."""
    stale = [
        path
        for path in sorted(folder.glob("*.md"))
        if path.name not in found and path.read_text(encoding="utf-8").startswith(pages.MADE_BY)
    ]
    for path in stale:
        path.unlink()
        typer.echo(f"removed {path}")
    for name, text in found.items():
        _put(folder / name, text)


def _put(output: Path | None, text: str) -> None:
    if output is None:
        sys.stdout.write(text)
    else:
        _write(output, text.encode())
        typer.echo(f"wrote {output}")


def _write(output: Path, content: bytes) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(content)


def _say(lines: Iterable[str]) -> None:
    """Lines for people; what would steer a terminal is left out of them."""
    for line in lines:
        typer.echo("".join(char if char.isprintable() or char == "\t" else "\ufffd" for char in line))


def _house(ctx: typer.Context) -> House:
    house: House | None = ctx.obj
    if house is None:
        raise BundleError(
            "bundle.unreadable", "this needs the settings of a gateway: run it as `regent policy`"
        )
    return house


def _bundle(ctx: typer.Context, explicit: Path | None, revision: str) -> Bundle:
    """The one that is named, else the one that decided if the store has it, else the active one."""
    house: House | None = ctx.obj
    if explicit is not None or house is None:
        return meant(ctx, explicit or default_path())
    if revision:
        with suppress(BundleError):
            return house.bundle(revision)
    return house.active_bundle()


@contextmanager
def _told() -> Iterator[None]:
    """An error in one line and exit code 3 instead of a traceback."""
    try:
        yield
    except BundleError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(NOT_DONE)
