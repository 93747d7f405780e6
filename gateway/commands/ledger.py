"""`regent ledger`: what an operator does about the place where limits and budgets are counted."""

from __future__ import annotations

import asyncio
from typing import Annotated, NoReturn

import typer

from gateway import counting, settings
from gateway.errors import GatewayError

app = typer.Typer(no_args_is_help=True)

_ASKED = "What the ledger {name} has now, and nothing else, will count for every gateway. Go on?"


@app.command()
def renew(*, yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False) -> None:
    """Accept what a ledger in Redis has now that it has forgotten, or gone back: running gateways go on."""
    try:
        chosen = settings.load()
        if chosen.ledger.redis is None:
            _fail("this ledger is a file: bring back its copy, or remove it, and start the gateway anew")
        if not yes:
            typer.confirm(_ASKED.format(name=chosen.ledger.redis.name), abort=True)
        asyncio.run(counting.accept(chosen.ledger, chosen.ledger.redis))
    except GatewayError as error:
        _fail(str(error))
    typer.echo("what the server has now counts; gateways that run take it with their next call")


def _fail(text: str) -> NoReturn:
    typer.echo(f"regent: {text}", err=True)
    raise typer.Exit(1)
