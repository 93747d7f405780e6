"""What the commands of other rooms ask of the configured house; each room's `cli` says what it needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typing_extensions import override

from audit.errors import AuditError
from audit.instants import instant_us
from audit.recall import Recall, Span
from audit.stream import events
from bundles import bundle as bundles
from gateway import settings
from gateway.errors import GatewayError
from gateway.obligations.effect import Obedience

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audit.recall import Recalled
    from bundles.bundle import Bundle


class Surroundings:
    """The house as commands see it: nothing is read before a command asks for it."""

    def audit_folder(self) -> Path:
        """The audit log's folder.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        try:
            return settings.audit_folder()
        except GatewayError as error:
            typer.echo(f"regent: {error}", err=True)
            raise typer.Exit(1) from None

    def bundle(self, name: str) -> Bundle:
        """The bundle that a person means.

        Raises:
            BundleError: it can't be used.
        """
        return bundles.read(Path(name))

    def active_bundle(self) -> Bundle:
        """The bundle that a gateway started now would obey.

        Raises:
            BundleError: it can't be used.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        try:
            return bundles.read(settings.policy().bundle)
        except GatewayError as error:
            typer.echo(f"regent: {error}", err=True)
            raise typer.Exit(1) from None

    def gateway(self) -> Obedience:
        """How bundles are obeyed."""
        return Obedience()

    def recording(
        self, *, since: str | None, until: str | None, team: str | None, model: str | None
    ) -> Recording:
        """The recorded decisions in question.

        Raises:
            ValueError: a time is none.
            OSError: there is no log.
        """
        span = Span(
            since_us=instant_us(since) if since else None,
            until_us=instant_us(until) if until else None,
            team=team,
            model=model,
        )
        try:
            return Recording(self.audit_folder(), span)
        except AuditError as error:
            raise OSError(str(error)) from None

    def shadow_periods(self, *, since: str | None) -> Iterator[dict[str, Any]]:
        """The records of `policy.shadow` that were written since then.

        Raises:
            ValueError: the time is none.
            OSError: the log can't be read.
        """
        since_us = instant_us(since) if since else 0
        try:
            for found in events(self.audit_folder(), "policy.shadow"):
                if found["t_us"] >= since_us:
                    yield found
        except AuditError as error:
            raise OSError(str(error)) from None


class Recording(Recall):
    """Recorded decisions for a room that knows no log: what can't be read is an `OSError`."""

    @override
    def __iter__(self) -> Iterator[Recalled]:
        try:
            yield from super().__iter__()
        except AuditError as error:
            raise OSError(str(error)) from None
