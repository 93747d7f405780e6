"""`regent bundle publish | approve | activate | rollback | retire`: words and exit codes only."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations when it runs
from typing import Annotated

import typer

from bundles.build import CAPABILITIES
from bundles.commands import binary
from bundles.commands.desk import By, ReleaseKey, ReleaseKeyId, Revision, Store, desk, release_key, step, told
from bundles.jws import PrivateKey
from bundles.store import approving as approvals
from bundles.store import moving, publishing, report, revisions
from bundles.store.lifecycle import State


def publish(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(help="Policy sources, or a bundle with new data only.", exists=True)
    ],
    *,
    author: Annotated[str, typer.Option(help="Who wrote it: a name of policy.trust.people.")],
    key: Annotated[Path, typer.Option(help="The author's private key, PEM.")],
    coverage: Annotated[
        float, typer.Option(min=0, max=100, help="Percentage of lines that tests must reach.")
    ] = report.THRESHOLD,
    opa: Annotated[Path | None, typer.Option(help="The opa binary; found by itself otherwise.")] = None,
    store: Store = None,
) -> None:
    """Build, test and sign policies, and put them into the store. A bundle with new data needs no `opa`."""
    with told():
        at, signer = desk(context, store), PrivateKey.read(key, author)
        if (path / CAPABILITIES).is_file():
            done = publishing.publish_sources(at, path, binary.opa(context, opa), signer, coverage)
        else:
            done = publishing.publish_bundle(at, path, signer)
    if done.report is None:
        typer.echo(f"{done.revision} is in the store already")
    elif done.report.inherited_from:
        origin = done.report.inherited_from
        typer.echo(f"{done.revision}: tested, as {origin}, from which it differs in data alone")
    else:
        reached = f"{done.report.passed} tests pass and reach {done.report.coverage:g} % of the lines"
        typer.echo(f"{done.revision}: tested; {reached}")


def approve(
    context: typer.Context,
    revision: Revision,
    *,
    name: Annotated[str, typer.Option("--as", help="Who approves: a name of policy.trust.people.")],
    key: Annotated[Path, typer.Option(help="That person's private key, PEM.")],
    store: Store = None,
) -> None:
    """Sign for a revision that somebody else wrote."""
    with told():
        at = desk(context, store)
        chosen = revisions.find(at.blobs, revision)
        done = approvals.approve(at, chosen, PrivateKey.read(key, name))
    names = ", ".join(done.names)
    typer.echo(f"{chosen}: {done.state}; {len(done.names)} of {done.wanted} approvals: {names}")


def activate(
    context: typer.Context,
    revision: Revision,
    *,
    by: By = None,
    key: ReleaseKey = None,
    key_id: ReleaseKeyId = "release",
    store: Store = None,
) -> None:
    """Have an approved revision decide from now on."""
    words = (f": {State.ACTIVE}", " is active already")
    step(
        context,
        store,
        revision,
        lambda at, one: moving.activate(at, one, by, release_key(key, key_id)),
        words,
    )


def rollback(
    context: typer.Context,
    *,
    by: By = None,
    key: ReleaseKey = None,
    key_id: ReleaseKeyId = "release",
    store: Store = None,
) -> None:
    """Go back to the revision that was active before; once more, to the one before that."""
    with told():
        chosen = moving.rollback(desk(context, store), by, release_key(key, key_id))
    typer.echo(f"{chosen}: {State.ACTIVE} again")


def retire(context: typer.Context, revision: Revision, *, by: By = None, store: Store = None) -> None:
    """Take a revision out of the way; the active one can't be."""
    words = (f": {State.RETIRED}", " is retired already")
    step(context, store, revision, lambda at, one: moving.retire(at, one, by), words)
