"""`regent`: the command; mounts the rooms' commands (`gateway/rooms.py`), adds some of its own."""

from __future__ import annotations

import sys
import time
from importlib import resources
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from gateway import __version__, rooms, settings
from gateway.errors import GatewayError

app = typer.Typer(
    cls=rooms.Rooms,
    help="A policy-first, zero-trust gateway for large language models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
rooms.mount(app)

Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="The settings; `regent.yaml` if left out.")
]


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"regent {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    ctx: typer.Context,
    *,
    config: Config = None,
    _: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """Point the settings, and what the commands of other rooms ask of them, at one file."""
    try:
        if config is not None:
            settings.remember(config)
    except GatewayError as error:
        _fail(str(error))
    if ctx.invoked_subcommand in rooms.ROOMS:
        ctx.obj = rooms.surroundings()


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="Where to write it.")] = settings.DEFAULT_FILE,
    *,
    quiet_if_present: Annotated[
        bool, typer.Option(help="Leave an existing file alone without a word.")
    ] = False,
) -> None:
    """Write a settings file to start from: demo deployments and the development identity."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(resources.files("gateway").joinpath("starter.yaml").read_text(encoding="utf-8"))
    except FileExistsError:
        if quiet_if_present:
            return
        _fail(f"{path} exists already; it was left as it is")
    typer.echo(f"wrote {path}")


@app.command()
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Overrides server.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides server.port.")] = None,
    workers: Annotated[int | None, typer.Option(help="Overrides server.workers.")] = None,
) -> None:
    """Start the gateway."""
    from bundles import bundle as bundles  # noqa: PLC0415 - see `rooms`: other commands need none of it
    from bundles import unenforced  # noqa: PLC0415
    from bundles.errors import BundleError  # noqa: PLC0415
    from gateway import counting, pricing, welcome  # noqa: PLC0415
    from gateway.http import serving  # noqa: PLC0415
    from gateway.sequencing import Sequencing  # noqa: PLC0415

    try:
        chosen = settings.load(host=host, port=port, workers=workers)
        trust = chosen.policy.root()
        if chosen.policy.engine == "embedded" and not (chosen.policy.store or chosen.policy.source):
            unenforced.refused(bundles.read(chosen.policy.bundle, trust))
        book = pricing.build(chosen.deployments, chosen.providers)
        text = welcome.text(chosen, _myself(), book.unpriced)
        counting.check(chosen.ledger, chosen.data_dir)
    except (GatewayError, BundleError) as error:
        _fail(str(error))
    with Sequencing(chosen.audit):
        serving.run(chosen.server, lambda: typer.echo(text, err=True))


@app.command()
def token(
    user: Annotated[str, typer.Option(help="Who to be.")],
    team: Annotated[str | None, typer.Option(help="The user's team.")] = None,
    role: Annotated[list[str] | None, typer.Option(help="A role; may be given several times.")] = None,
    organization: Annotated[str | None, typer.Option(help="The user's organization.")] = None,
    ttl_s: Annotated[int, typer.Option(help="How long it is valid, in seconds.", min=1, max=86_400)] = 3600,
) -> None:
    """Print a token of the development identity, which must be switched on."""
    from gateway.identity import development  # noqa: PLC0415 - as in `serve`

    try:
        chosen = settings.development()
        if not chosen.identity.development.enabled:
            _fail("the development identity is off: set identity.development.enabled in the settings")
        minted = development.issue(
            chosen.data_dir, user, team=team, roles=tuple(role or ()), organization=organization, ttl_s=ttl_s
        )
    except GatewayError as error:
        _fail(str(error))
    typer.echo(development.WARNING, err=True)
    typer.echo(minted)


@app.command()
def prices(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show what each deployment's calls cost, and where the price comes from."""
    from rich.console import Console  # noqa: PLC0415 - as in `serve`

    from gateway import pricing  # noqa: PLC0415
    from gateway.pricing import shown  # noqa: PLC0415

    try:
        chosen = settings.upstreams()
        book = pricing.build(chosen.deployments, chosen.providers)
    except GatewayError as error:
        _fail(str(error))
    rows = shown.rows(chosen.deployments, book, time.time_ns() // 1000)
    if as_json:
        typer.echo(shown.as_json(rows))
    else:
        Console().print(shown.table(rows))


def _myself() -> str:
    """How to call this command again: by its path if it is below the working folder, else by its name."""
    called = Path(sys.argv[0]).absolute()
    return str(called.relative_to(Path.cwd())) if called.is_relative_to(Path.cwd()) else "regent"


def _fail(message: str) -> NoReturn:
    typer.echo(f"regent: {message}", err=True)
    raise typer.Exit(1)


def main() -> None:
    """Entry point of the `regent` command."""
    sys.exit(app())
