"""`regent audit witness`: a small witness for a second machine, or for the auditor's own."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.refusal import refusal
from audit.errors import AuditError
from audit.tlog.keys import KeyType, VerifierKey

Key = Annotated[Path, typer.Option(help="The witness's key file (0600).")]
State = Annotated[Path, typer.Option(help="What it has seen; never to be restored from a backup.")]


def register(app: typer.Typer) -> None:
    """Mount the commands."""
    group = typer.Typer(help="A witness of other people's logs: keygen, serve.", no_args_is_help=True)
    group.command("keygen")(_keygen)
    group.command("serve")(_serve)
    app.add_typer(group, name="witness")


def _keygen(
    name: Annotated[str, typer.Argument(help="The witness's name: witness.example/w1.")],
    *,
    key: Key = Path("witness.key"),
    state: State = Path("witness.db"),
    post_quantum: Annotated[bool, typer.Option(help="Also cosign by ML-DSA-44.")] = False,
) -> None:
    """Make a witness that has seen nothing, and print its verifier keys for trust policies."""
    # An HTTP server is needed by these two commands alone.
    from audit.witness.server import keygen  # noqa: PLC0415

    kinds = [KeyType.ED25519_COSIGNATURE, *([KeyType.MLDSA44_COSIGNATURE] if post_quantum else [])]
    try:
        for verifier in keygen(name, key, state, kinds):
            typer.echo(str(verifier))
    except (AuditError, OSError) as error:
        raise refusal(str(error)) from error


def _serve(
    logs: Annotated[list[Path], typer.Argument(help="Files with the verifier keys of the logs it cosigns.")],
    *,
    key: Key = Path("witness.key"),
    state: State = Path("witness.db"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8430,
) -> None:
    """Cosign checkpoints of these logs (C2SP tlog-witness), each only if it continues what was seen."""
    from audit.witness.server import serve  # noqa: PLC0415

    try:
        known = [
            VerifierKey.parse(line)
            for path in logs
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
            if line
        ]
        serve(host, port, state, key, known)
    except (AuditError, OSError) as error:
        raise refusal(str(error)) from error
