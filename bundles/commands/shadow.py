"""`regent bundle shadow REVISION`: try a revision out beside the active one; room for more about trials."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from bundles.commands.desk import By, ReleaseKey, ReleaseKeyId, Revision, Store, release_key, step
from bundles.store import moving
from bundles.store.lifecycle import State

_DEFAULT = "start"


class _StartsByDefault(TyperGroup):
    """`shadow r-12ab34cd` means `shadow start r-12ab34cd`: no revision is called as a command is."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named else [_DEFAULT, *args])


app = typer.Typer(cls=_StartsByDefault, pretty_exceptions_enable=False)


@app.callback()
def _root() -> None:
    """Try a revision out beside the active one."""


@app.command(_DEFAULT)
def start(
    context: typer.Context,
    revision: Revision,
    *,
    by: By = None,
    key: ReleaseKey = None,
    key_id: ReleaseKeyId = "release",
    store: Store = None,
) -> None:
    """Have gateways evaluate an approved revision beside the active one, without deciding anything."""
    words = (f": {State.SHADOW}", " is tried out already")
    step(
        context, store, revision, lambda at, one: moving.shadow(at, one, by, release_key(key, key_id)), words
    )
