"""`regent audit verify`, `checkpoint` and `head`: check a log, and print what to keep of it."""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from audit.commands.house import witnesses_of
from audit.verify.asked import Asked, Unusable, open_log, save_evidence
from audit.verify.check import head as head_of
from audit.verify.check import verify
from audit.verify.progress import Bar
from audit.verify.sources import Unreadable
from audit.verify.terms import Entries, Terms
from audit.verify.verdict import Report, Verdict
from audit.verify.words import as_json as facts_of
from audit.verify.words import describe

#: What has something to keep: nothing in it contradicts itself.
_WORTH_KEEPING = {Verdict.VERIFIED, Verdict.OPERATOR_ASSERTED, Verdict.INCOMPLETE}


def register(app: typer.Typer) -> None:
    """Add these commands to `regent audit`."""
    app.command("verify")(verify_command)
    app.command("checkpoint")(checkpoint_command)
    app.command("head")(head_command)


def verify_command(  # noqa: PLR0913 - one option per thing to ask for
    context: typer.Context,
    log: Annotated[
        str | None, typer.Argument(help="A log's folder, a tar file, an evidence pack or http(s)://...")
    ] = None,
    *,
    policy: Annotated[
        Path | None,
        typer.Option(
            help="Whom you trust: a tlog-policy file. Default, for this machine's log: as configured, if any."
        ),
    ] = None,
    since: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint or head kept earlier; may be given again.")
    ] = None,
    receipts: Annotated[
        list[Path] | None, typer.Option(help="Receipts, one a line, or a folder of such files.")
    ] = None,
    require_witness: Annotated[bool, typer.Option(help="Fail without a quorum of witnesses.")] = False,
    max_age: Annotated[
        str | None, typer.Option(help="Fail if the log was not seen within this span: 10m.")
    ] = None,
    entries: Annotated[
        Entries, typer.Option(help="`any` for a log whose entries are not Regent's records.")
    ] = Entries.REGENT,
    deep: Annotated[bool, typer.Option(help="Canonical form, and disclosed commitments.")] = False,
    token: Annotated[str | None, typer.Option(help="Bearer token for an address.")] = None,
    evidence: Annotated[Path, typer.Option(help="Where evidence of a fork is written.")] = Path(
        "fork-evidence.txt"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Check a whole log, or an evidence pack.

    Exit codes: 0 verified, 10 whole by the operator's word alone, 20 tampered, 21 forked or rolled back,
    22 a receipted record is missing, 30 incomplete, 31 stale, 32 unwitnessed, 40 cannot check.
    """
    asked = Asked(
        policy=policy or (_configured(context) if log is None else None),
        since=tuple(since or ()),
        receipts=tuple(receipts or ()),
        require_witness=require_witness,
        max_age=max_age,
        entries=entries,
        deep=deep,
    )
    report = _check(log or str(context.obj), asked, token)
    text = json.dumps(facts_of(report)) if as_json else "\n".join(describe(report))
    sys.stdout.write(text + "\n")
    sys.stderr.write(save_evidence(report, evidence))
    raise typer.Exit(report.verdict)


def checkpoint_command(
    context: typer.Context,
    *,
    unchecked: Annotated[bool, typer.Option(help="Print it without reading the log under it.")] = False,
) -> None:
    """Print the log's signed checkpoint, for an auditor to keep and give to `verify --since`.

    A log that contradicts itself has no checkpoint worth keeping; then nothing is printed, and the exit
    code is that of `verify`.
    """
    if unchecked:
        try:
            signed = open_log(str(context.obj)).read("checkpoint", 1_000_000)
        except Unreadable as error:
            raise _refusal(str(error)) from error
    else:
        report = _check(str(context.obj), Asked(), None)
        _refuse_unless_whole(report)
        signed = report.signed
    if not signed:
        raise _refusal("there is no checkpoint yet; `regent audit head` prints the heads of single writers")
    sys.stdout.write(signed.decode(errors="replace"))


def head_command(context: typer.Context) -> None:
    """Print the heads of the log's writers: each one's size and root.

    They hold what is not merged yet, too, and nobody has signed them. `checkpoint` is what to keep.
    """
    report = verify(Path(context.obj), Terms())
    _refuse_unless_whole(report)
    sys.stdout.write(json.dumps(head_of(report), indent=2) + "\n")


def _configured(context: typer.Context) -> Path | None:
    """Return the policy that the program around this one has for its own log, and for no other."""
    policy = witnesses_of(context)
    if policy is not None:
        sys.stderr.write(f"policy: {policy}\n")
    return policy


def _check(log: str, asked: Asked, token: str | None) -> Report:
    bar = Bar(sys.stderr)
    try:
        with closing(open_log(log, token)) as opened:
            return verify(opened, asked.terms(progress=bar))
    except (Unreadable, Unusable) as error:
        raise _refusal(str(error)) from error
    finally:
        bar.close()


def _refuse_unless_whole(report: Report) -> None:
    if report.verdict not in _WORTH_KEEPING:
        sys.stderr.write("\n".join(describe(report)) + "\n")
        raise typer.Exit(report.verdict)


def _refusal(message: str) -> typer.Exit:
    sys.stderr.write(message + "\n")
    return typer.Exit(Verdict.CANNOT_CHECK)
