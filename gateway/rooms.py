"""The commands of other rooms, read in when one is called: each brings much that the others never need."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperGroup
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.surroundings import Surroundings

    Commands = tuple[Callable[[], typer.Typer], str]


def _bundle() -> typer.Typer:
    from bundles.cli import app  # noqa: PLC0415 - see above, as below

    return app


def _policy() -> typer.Typer:
    from bundles.authoring.cli import app  # noqa: PLC0415

    return app


@cache
def _audit() -> typer.Typer:
    from audit.cli import app  # noqa: PLC0415
    from bundles.commands.replay import replay  # noqa: PLC0415

    app.command("replay")(replay)  # which takes a log, and policies to decide with
    return app


def _usage() -> typer.Typer:
    from audit.cli import usage_app  # noqa: PLC0415

    return usage_app


def _budgets() -> typer.Typer:
    from gateway.commands.budgets import app  # noqa: PLC0415

    return app


def _ledger() -> typer.Typer:
    from gateway.commands.ledger import app  # noqa: PLC0415

    return app


ROOMS: Final[Mapping[str, Commands]] = {
    "bundle": (_bundle, "Build, sign, publish, try out and compare policy bundles."),
    "policy": (_policy, "Check, test and explain policies; start new rules."),
    "audit": (_audit, "Query, verify and export the audit log."),
    "usage": (_usage, "Sum up what was used and what it cost."),
    "budgets": (_budgets, "Show, reset and top up budgets of a running gateway."),
    "ledger": (_ledger, "Look after the place where limits and budgets are counted."),
}


class Rooms(TyperGroup):
    """A group that knows of each room its name and its help, and its commands once it is called."""

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, _read_in(name) if name is not None and name in ROOMS else command, rest


def mount(app: typer.Typer) -> None:
    """Announce the rooms.

    Args:
        app: where; its class is `Rooms`.
    """
    for name, (_, said) in ROOMS.items():
        app.add_typer(typer.Typer(), name=name, help=said)


def surroundings() -> Surroundings:
    """What the rooms' commands ask of the configured house."""
    from gateway.surroundings import Surroundings  # noqa: PLC0415

    return Surroundings()


def _read_in(name: str) -> TyperGroup:
    room, said = ROOMS[name]
    whole = typer.Typer()
    whole.add_typer(room(), name=name, help=said)
    group = typer.main.get_group(whole).commands[name]
    assert isinstance(group, TyperGroup)  # noqa: S101 - a mounted Typer is one
    return group
