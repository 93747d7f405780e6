"""`regent audit postgres`: make the tables and roles of a log, and copy its merged tree into a folder."""

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from audit.errors import AuditError
from audit.postgres.target import SCHEMA, Target, read_dsn

app = typer.Typer(help="The log of many replicas, in PostgreSQL.", no_args_is_help=True)

DSN = Annotated[
    str | None,
    typer.Option(
        envvar="REGENT_POSTGRES_DSN",
        show_envvar=True,
        help="postgresql://... of the database; a password in it is taken from the variable or a file only.",
    ),
]
DSNFile = Annotated[Path | None, typer.Option(help="A file with the DSN, mode 0600.")]
Schema = Annotated[str, typer.Option(help="The log's schema; roles and the vault's schema begin with it.")]


@app.command("init")
def init_command(
    context: typer.Context, *, dsn: DSN = None, dsn_file: DSNFile = None, schema: Schema = SCHEMA
) -> None:
    """Make tables, functions and roles, as somebody who may; again without harm, after an upgrade."""
    from audit.postgres.schema import ROLES, init  # noqa: PLC0415 - needs a package of its own

    try:
        made = init(Target(_address(context, dsn, dsn_file), schema))
    except AuditError as error:
        raise _refusal(str(error)) from None
    typer.echo(f"the log in schema {schema} has version {made.after} (before: {made.before or 'none'})")
    for role in ROLES:
        name = f"{schema}_{role}"
        typer.echo(f"role {name}{' made' if name in made.roles else ''}")
    typer.echo(f"now make a login: CREATE ROLE ... LOGIN IN ROLE {schema}_writer, {schema}_sequencer;")


@app.command("export")
def export_command(
    context: typer.Context,
    to: Annotated[Path, typer.Argument(help="The folder; what is there already is continued.")],
    *,
    dsn: DSN = None,
    dsn_file: DSNFile = None,
    schema: Schema = SCHEMA,
) -> None:
    """Copy the merged log into a folder, for `verify` and any reader of C2SP tlog-tiles."""
    from audit.postgres.mirror import export_tiles  # noqa: PLC0415 - needs a package of its own

    try:
        size = export_tiles(Target(_address(context, dsn, dsn_file), schema), to)
    except (AuditError, OSError) as error:
        raise _refusal(str(error)) from None
    typer.echo(f"{to} has {size} entries")


def _address(context: typer.Context, dsn: str | None, file: Path | None) -> str:
    """Return the DSN; one with a password isn't taken from where everybody can read it."""
    if file is not None:
        try:
            return read_dsn(file)
        except AuditError as error:
            raise _refusal(str(error)) from None
    if dsn is None:
        raise _refusal("say which database: --dsn-file, REGENT_POSTGRES_DSN, or --dsn without a password")
    source = context.get_parameter_source("dsn")
    if source is not None and source.name == "COMMANDLINE" and _has_password(dsn):
        raise _refusal("everybody can read a command line: put the DSN into a file, and name that")
    return dsn


def _has_password(dsn: str) -> bool:
    try:
        parts = urlsplit(dsn)
    except ValueError:
        return True
    return parts.password is not None or "password=" in parts.query


def _refusal(message: str) -> typer.Exit:
    sys.stderr.write(f"regent: {message}\n")
    return typer.Exit(1)
