"""`regent audit merge`: merges what writers left, where no gateway runs that would."""

import typer

from audit.commands.house import witnesses_of
from audit.commands.journal import insist_on_log, origin
from audit.commands.refusal import refusal
from audit.errors import AuditError
from audit.merging.once import merge


def _tell(words: str) -> None:
    typer.echo(words, err=True)


def register(app: typer.Typer) -> None:
    """Mount the command."""

    @app.command("merge")
    def command(context: typer.Context) -> None:
        """Bring every durable record under a signed checkpoint, as a running gateway does each second."""
        try:
            insist_on_log(context.obj)
            merged, size = merge(context.obj, origin(context.obj), witnesses_of(context), _tell)
        except (AuditError, OSError) as error:
            raise refusal(str(error)) from error
        typer.echo(f"{merged} records merged; the log has {size} entries")
