"""`regent bundle`: mounts the commands, which are in `bundles/commands/`, a file for each group."""

from __future__ import annotations

import typer

from bundles.commands import backtest, building, lifecycle, reading, shadow, shadow_report, showing, signing

app = typer.Typer(
    name="bundle",
    help="Build, sign, verify, inspect and compare policy bundles.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

# From sources to a bundle.
app.command()(building.build)
app.command()(building.stamp)

# Whose it is.
app.command()(signing.keygen)
app.command()(signing.sign)
app.command()(signing.verify)

# What is in it.
app.command()(reading.inspect)
app.command()(reading.diff)
app.command("show", hidden=True)(reading.inspect)  # its name before there was `diff`

# Its life in the store.
app.command()(lifecycle.publish)
app.command()(lifecycle.approve)
app.add_typer(shadow.app, name="shadow")
shadow.app.command("report")(shadow_report.report)
app.command()(lifecycle.activate)
app.command()(lifecycle.rollback)
app.command()(lifecycle.retire)
app.command("list")(showing.listing)
app.command()(showing.history)

# What it would change.
app.command()(backtest.backtest)
