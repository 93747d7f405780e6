"""`regent audit copy`: brings a copy of the log, or an evidence pack, to object storage, and checks it."""

import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Protocol, runtime_checkable

import typer

from audit.commands.refusal import refusal
from audit.errors import AuditError, LogDamaged
from audit.objects.bucket import Bucket
from audit.objects.client import connect
from audit.objects.comparing import Comparison, compare
from audit.objects.copier import Copier
from audit.objects.copying import INTERVAL_S, Copying
from audit.objects.packs import send
from audit.objects.target import Lock, Target

TAMPERED = 20
FORKED = 21
INCOMPLETE = 30

_FORKS = frozenset({"copy.forked", "copy.rolled_back"})
_GAPS = frozenset({"copy.missing", "copy.not_locked"})


@runtime_checkable
class House(Protocol):
    """**Protocol:** the program around this command, if it knows where copies go."""

    def audit_copies(self) -> Target | None:
        """Where the settings say that copies go; None if they don't."""
        ...


def register(app: typer.Typer) -> None:
    """Mount the command."""

    @app.command("copy")
    def command(  # noqa: PLR0913 - one option per field of the target
        context: typer.Context,
        *,
        once: Annotated[bool, typer.Option("--once", help="Bring the copy up to date, and end.")] = False,
        check: Annotated[
            bool, typer.Option("--check", help="Read the copy back and compare it with the log.")
        ] = False,
        pack: Annotated[
            Path | None, typer.Option(help="Copy this file, an evidence pack, and not the log.")
        ] = None,
        bucket: Annotated[
            str | None, typer.Option(help="A bucket that is there. Default: as configured.")
        ] = None,
        prefix: Annotated[str | None, typer.Option(help="Before every key.")] = None,
        endpoint_url: Annotated[str | None, typer.Option(help="Of an S3 API that isn't AWS's.")] = None,
        region: Annotated[str | None, typer.Option(help="Region of the bucket.")] = None,
        lock: Annotated[Lock | None, typer.Option(help="Retention mode of each object.")] = None,
        lock_days: Annotated[int | None, typer.Option(help="How long each object is locked.")] = None,
        credentials_file: Annotated[
            Path | None, typer.Option(help="In the form of ~/.aws/credentials, mode 0600.")
        ] = None,
        interval_s: Annotated[
            float, typer.Option(min=0.1, help="Seconds between turns, without --once.")
        ] = INTERVAL_S,
    ) -> None:
        """Copy the log to a bucket, again and again until a signal; with --once and --check, once.

        Exit codes: 0 done, and with --check the copy is the log's; 20 something stands there that the log
        doesn't have, or the log is damaged; 21 the copy is of another history; 30 objects are missing or not
        locked; 40 the bucket or the log can't be used.
        """
        given = {
            "bucket": bucket,
            "prefix": prefix,
            "endpoint_url": endpoint_url,
            "region": region,
            "lock": lock,
            "lock_days": lock_days,
            "credentials_file": credentials_file,
        }
        folder = Path(context.obj)
        try:
            target = _target(context, {name: value for name, value in given.items() if value is not None})
            if pack is not None:
                _send(target, pack)
            elif once or check:
                _once(folder, target, copied=once, checked=check)
            else:
                _follow(folder, target, interval_s)
        except LogDamaged as error:
            sys.stderr.write(f"{error}\n")
            raise typer.Exit(FORKED if error.code in _FORKS else TAMPERED) from error
        except (AuditError, OSError) as error:
            raise refusal(str(error)) from error


def _target(context: typer.Context, given: dict[str, Any]) -> Target:
    house = context.find_root().obj
    configured = house.audit_copies() if isinstance(house, House) else None
    if configured is None and "bucket" not in given:
        raise typer.BadParameter("no bucket is configured (audit.copies) and none is named (--bucket)")
    try:
        target = Target(**given) if configured is None else replace(configured, **given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    typer.echo(f"copy: {target}", err=True)
    return target


def _send(target: Target, pack: Path) -> None:
    bucket = Bucket(connect(target), target)
    try:
        path, sent = send(bucket, pack)
    finally:
        bucket.close()
    typer.echo(f"{target}{path}: {'sent' if sent else 'was there'}, {_lock_of(target)}")


def _once(folder: Path, target: Target, *, copied: bool, checked: bool) -> None:
    if copied:
        copier = Copier.open(folder, target)
        try:
            sent = copier.turn()
        finally:
            copier.close()
        typer.echo(f"{copier.size} entries are copied; {sent} objects were sent, {_lock_of(target)}")
    if checked:
        bucket = Bucket(connect(target), target)
        try:
            found = compare(folder, bucket)
        finally:
            bucket.close()
        _tell(found)
        raise typer.Exit(_exit_code(found))


def _follow(folder: Path, target: Target, interval_s: float) -> None:
    """Copy until a signal; what goes wrong is said, and tried again."""
    over = Event()
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, lambda *_: over.set())
    with Copying(folder, target, partial(print, file=sys.stderr, flush=True), interval_s):
        over.wait()


def _lock_of(target: Target) -> str:
    return "not locked" if target.lock is Lock.NONE else f"locked for {target.lock_days} days ({target.lock})"


def _tell(found: Comparison) -> None:
    for code, path in found.findings:
        typer.echo(f"{code}: {path}")
    more = sum(found.wrong.values()) - len(found.findings)
    if more:
        typer.echo(f"and {more} more")
    size = "no" if found.size is None else found.size
    typer.echo(f"the copy covers {size} of {found.log_size} entries; {found.objects} objects are the log's")
    if found.pruned:
        typer.echo(f"{found.pruned} tiles and bundles were pruned from the log and aren't in the copy")


def _exit_code(found: Comparison) -> int:
    codes = found.wrong.keys()
    if not codes:
        return 0
    if codes & _FORKS:
        return FORKED
    return INCOMPLETE if codes <= _GAPS else TAMPERED
