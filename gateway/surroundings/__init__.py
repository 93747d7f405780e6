"""What the commands of other rooms ask of the configured house; each room's `cli` says what it needs."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

import bundles as bundles_here
from audit.errors import AuditError
from audit.instants import instant_us
from audit.reading.recall import MergedRecall, Recall, Span
from audit.vault.keys import read_sealing_key
from bundles import bundle as bundles
from bundles.errors import BundleError
from bundles.store import pointers, revisions
from bundles.store.errors import StoreError
from bundles.store.folder import FolderBlobs
from bundles.store.releasing import stored
from gateway import settings
from gateway.errors import GatewayError
from gateway.obligations.effect import Obedience
from gateway.surroundings.asking import decisions, question, unreadable
from gateway.surroundings.journal import AuditJournal, contents, events_of, home, recorder, rotation, source
from gateway.surroundings.recording import Recording, refusal, shadow_periods
from gateway.surroundings.repeating import LogCase, PackCase, Shelf, paths_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.commands.homes import Home
    from audit.evidence.released import Contents
    from audit.objects.target import Target
    from audit.reading.source import Source
    from audit.record import Record
    from audit.rotation import Rotation
    from bundles.authoring.ports import Decided, Question
    from bundles.bundle import Bundle
    from bundles.store.journal import Journal
    from bundles.trust import Trust


class Surroundings:
    """The house as commands see it: nothing is read before a command asks for it."""

    def audit_folder(self) -> Path:
        """The audit log's folder.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.audit_folder()

    def audit_copies(self) -> Target | None:
        """Where the audit log is copied to; None if the settings name no bucket.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            copies = settings.audit().copies
        return None if copies is None else copies.target

    def audit_policy(self) -> Path | None:
        """The tlog-policy that names the audit log's witnesses; None if the settings name none.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.witnesses_policy()

    def trust(self) -> Trust:
        """Whose bundles the gateway accepts: release keys, people, and how many of them must approve.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.trust().root(settings.APPROVALS if settings.store() is not None else 0)

    def approving(self) -> Trust:
        """As `trust`, for whoever publishes: two approvals where the settings don't say how many.

        A gateway takes a bundle of any folder unless it is told otherwise; a store is there for four eyes.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.trust().root(settings.APPROVALS)

    def policy_store(self) -> Path | None:
        """The folder of the store of policies; None where the settings name none.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return settings.store()

    def journal(self) -> Journal:
        """Where steps of policies are recorded: the configured audit log.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return AuditJournal(settings.audit())

    def bundle(self, name: str) -> Bundle:
        """The bundle that a person means: a path, or a revision of the store by its beginning.

        Raises:
            BundleError: it can't be used.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        store = None if Path(name).exists() else self.policy_store()
        if store is None:
            return bundles.read(Path(name))
        blobs = FolderBlobs(store)
        try:
            return stored(blobs, revisions.find(blobs, name))
        except StoreError as error:
            raise BundleError("bundle.unreadable", f"{name} is no path, and in {store}: {error}") from None

    def active_bundle(self) -> Bundle:
        """The bundle that a gateway with these settings obeys now.

        Raises:
            BundleError: it can't be used.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            store, path = settings.store(), settings.bundle()
        if store is None:
            return bundles.read(path)
        try:
            active = pointers.read(FolderBlobs(store), pointers.ACTIVE).revision
        except StoreError as error:
            raise BundleError("bundle.unreadable", str(error)) from None
        if active is None:
            raise BundleError("bundle.unreadable", f"no revision is active in {store}")
        return self.bundle(active)

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
            return Recording(self._recall(self.audit_folder())(span))
        except AuditError as error:
            raise OSError(str(error)) from None

    def case(
        self, folder: Path, *, pack: Path | None, ids: tuple[str, ...], since: str | None, until: str | None
    ) -> LogCase | PackCase:
        """Recorded decisions with the bundles that made them: of a log, or of an evidence pack.

        Raises:
            ValueError: a time is none.
            OSError: there is no such pack, or the log can't be opened.
        """
        span = Span(
            since_us=instant_us(since) if since else None, until_us=instant_us(until) if until else None
        )
        if pack is not None:
            return PackCase(pack, span, ids)
        try:
            return LogCase(folder, span, ids, self._shelf(), self._recall(folder), self.source(folder))
        except AuditError as error:
            raise OSError(str(error)) from None

    def bundle_archive(self, revision: str, digest: str) -> bytes | None:
        """The archive of a bundle that decided, by revision and digest; None where it isn't found.

        Raises:
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        return self._shelf().archive(revision, digest)

    def recorder(self, folder: Path) -> Callable[[Record], None] | None:
        """What makes a record durable where the log is in a database, and `folder` a copy; else None.

        Raises:
            LogUnavailable: `log.cannot_open`: there is no log in the folder.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return recorder(settings.audit(), folder)

    def source(self, folder: Path) -> Source | None:
        """What readers need besides `folder`, where the log is in a database and that a copy; else None.

        Who has no login for the database reads the copy as it is.

        Raises:
            LogUnavailable, LogDamaged: the copy can't be brought up to date.
            OSError: likewise.
        """
        try:
            chosen = settings.audit()
        except GatewayError:
            return None
        return source(chosen, folder)

    def home(self, folder: Path) -> Home | None:
        """Where log and vault are, where they are in a database and `folder` is a copy; else None.

        Raises:
            LogUnavailable: `vault.unavailable`, `log.cannot_open`: nobody may open the vault from here.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return home(settings.audit(), folder)

    def contents(self, folder: Path) -> Contents | None:
        """What the vault holds, where it is in a database and `folder` is a copy; else None.

        Raises:
            LogUnavailable: `vault.unavailable`, `log.cannot_open`: nobody may open the vault from here.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return contents(settings.audit(), folder)

    def _recall(self, folder: Path) -> Callable[[Span], Recall | MergedRecall]:
        """What reads decisions back, of a folder or of a database's copy."""
        with _told():
            chosen = settings.audit()
        asked = contents(chosen, folder)
        if asked is None:
            return lambda span: Recall(folder, span)
        source(chosen, folder)  # which brings the copy up to date
        return lambda span: MergedRecall(folder, span, asked)

    def rotation(self, folder: Path) -> Callable[[], Rotation] | None:
        """What changes the key of the log, where that is in a database and `folder` is a copy; else None.

        Raises:
            LogUnavailable: `log.cannot_open`: there is no log in the folder.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            return rotation(settings.audit(), folder)

    def sealing_key(self) -> bytes | None:
        """What opens sealed payloads; None where the settings name no key.

        Raises:
            LogUnavailable: `vault.key`.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        with _told():
            path = settings.audit().sealing_key_file
        return read_sealing_key(path) if path is not None else None

    def _shelf(self) -> Shelf:
        with _told():
            return Shelf(settings.store(), paths_of(settings.bundle(), bundles_here.default_path()))

    def opa(self) -> Path | None:
        """The `opa` that `REGENT_OPA` names."""
        return settings.opa_binary()

    def question(self, decision_id: str) -> Question | None:
        """The question that a decision answered; None where the log has no such decision.

        Raises:
            BundleError: `bundle.unreadable`: there is no log, or the question isn't in it any more.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        folder = self.audit_folder()
        with unreadable():
            return question(folder, decision_id, self._recall(folder), self.source(folder))

    def decisions(self) -> Iterator[Decided]:
        """The decisions of the log, newest first.

        Raises:
            BundleError: `bundle.unreadable`: there is no log, or it can't be read.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        folder = self.audit_folder()
        with unreadable():
            return decisions(folder, self.source(folder))

    def refused(self, revision: str, since_us: int) -> str | None:
        """Why a gateway's last attempt to load a revision failed, as a code; None where none failed.

        Raises:
            OSError: the log can't be read.
            typer.Exit: the settings can't be read; what is wrong was said.
        """
        folder = self.audit_folder()
        try:
            return refusal(folder, revision, since_us, self.source(folder))
        except AuditError as error:
            raise OSError(str(error)) from None

    def shadow_periods(self, *, since: str | None) -> Iterator[dict[str, Any]]:
        """The records of `policy.shadow` that were written since then.

        Raises:
            ValueError: the time is none.
            OSError: the log can't be read; also while it is read.
        """
        folder = self.audit_folder()
        with _told():
            chosen = settings.audit()
        return shadow_periods(partial(events_of, chosen, folder), instant_us(since) if since else 0)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except GatewayError as error:
        typer.echo(f"regent: {error}", err=True)
        raise typer.Exit(1) from None
