"""`regent audit`: mounts the commands, one file each in `audit/commands/`, and settles which log is meant."""

from pathlib import Path
from typing import Annotated, Protocol

import typer

from audit.commands import (
    copy,
    doctor,
    erase,
    export,
    hold,
    house,
    keys,
    merge,
    prove,
    prune,
    query,
    reindex,
    usage,
    verify,
    witness,
)
from audit.evidence.proving import prover
from audit.postgres.cli import app as postgres_app

DEFAULT_FOLDER = Path("data/audit")

app = typer.Typer(help="Read and check the audit log.", no_args_is_help=True)
app.add_typer(postgres_app, name="postgres")
usage_app = typer.Typer(help="Sum up what was used and what it cost.", no_args_is_help=True)


class Surroundings(Protocol):
    """**Protocol:** the program around these commands."""

    def audit_folder(self) -> Path:
        """Where the configured log is."""
        ...


@usage_app.callback()
@app.callback()
def choose_folder(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Option(help="The log's folder. Default: as configured, else data/audit.")
    ] = None,
) -> None:
    """Settle which log is meant: the option, else what the program around this one configured."""
    around: Surroundings | None = context.obj
    house.remember(context, around)
    context.obj = folder or (around.audit_folder() if around else DEFAULT_FOLDER)
    typer.echo(f"log: {context.obj}", err=True)


query.register(app, prover)
usage.register(usage_app)
for command in (verify, export, prove, copy, doctor, reindex, merge, erase, hold, prune, keys, witness):
    command.register(app)
