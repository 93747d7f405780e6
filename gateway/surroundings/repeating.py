"""Recorded decisions and the bundles that made them, for `regent audit replay`: of the log, or of a pack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from audit.errors import AuditError
from audit.evidence.opened import OpenedPack
from audit.reading.query import Filter, query
from audit.reading.recall import Span
from bundles import archive
from bundles import bundle as bundles
from bundles.errors import BundleError
from bundles.files import read_archive
from bundles.store.errors import StoreError
from bundles.store.folder import FolderBlobs
from bundles.store.releasing import BUNDLE, RELEASED
from bundles.store.revisions import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from audit.reading.recall import Recalled
    from audit.reading.source import Source
    from bundles.bundle import Bundle


@dataclass(frozen=True)
class Shelf:
    """Where bundles may be found that decided once.

    Args:
        store: the store of policies; None where there is none.
        paths: bundles outside of it, such as the one that decides now.
    """

    store: Path | None
    paths: tuple[Path, ...] = ()
    _known: dict[Path, Bundle | None] = field(default_factory=dict)

    def find(self, revision: str, digest: str) -> Bundle | None:
        """The bundle of that digest, else of that revision: a signature changes the digest alone."""
        like = None
        for each in self._candidates(revision):
            if f"sha256:{each.digest}" == digest:
                return each
            if like is None and revision == each.revision:
                like = each
        return like

    def archive(self, revision: str, digest: str) -> bytes | None:
        """The same as an archive."""
        found = self.find(revision, digest)
        return archive.pack(found.files) if found is not None else None

    def _candidates(self, revision: str) -> Iterator[Bundle]:
        """What was signed comes before what was published, and the store before what lies about."""
        if self.store is not None and revision:
            blobs = FolderBlobs(self.store)
            for name in (RELEASED, BUNDLE):
                try:
                    kept = blobs.read(key_of(revision, name))
                    if kept is not None:
                        yield bundles.from_files(read_archive(kept[0]))
                except (BundleError, StoreError):
                    continue  # one that can't be used decided nothing
        for path in self.paths:
            if path not in self._known:
                try:
                    self._known[path] = bundles.read(path)
                except BundleError:
                    self._known[path] = None
            found = self._known[path]
            if found is not None:
                yield found


class LogCase:
    """The decisions of a log.

    Args:
        folder: the log.
        span: which; looked at where no ids are given.
        ids: single ones.
        shelf: finds bundles.
        recall: reads decisions back.
        source: where the rest of the log is, if the folder is a copy.
    """

    def __init__(
        self,
        folder: Path,
        span: Span,
        ids: tuple[str, ...],
        shelf: Shelf,
        recall: Callable[[Span], Iterable[Recalled]],
        source: Source | None = None,
    ) -> None:
        self._folder, self._span, self._ids = folder, span, ids
        self._recall, self._source = recall, source
        self.library = shelf.find

    @property
    def decisions(self) -> Iterator[Recalled]:
        """Each one; the newest segment of each writer first.

        Raises:
            OSError: the log can't be read.
        """
        try:
            if not self._ids:
                yield from self._recall(self._span)
            for each in dict.fromkeys(self._ids):
                row = next(query(self._folder, Filter(id=each), source=self._source), None)
                if row is not None:
                    then = self._recall(Span(since_us=row.t_us, until_us=row.t_us + 1))
                    yield from (found for found in then if found.id == each)
        except AuditError as error:
            raise OSError(str(error)) from None

    def close(self) -> None:
        """Nothing stays open."""


class PackCase:
    """The decisions of an evidence pack, with what it discloses and the policies in it.

    Args:
        path: the pack.
        span: which; looked at where no ids are given.
        ids: single ones.

    Raises:
        OSError: it is no pack.
    """

    def __init__(self, path: Path, span: Span, ids: tuple[str, ...]) -> None:
        try:
            self._pack = OpenedPack(path)
        except AuditError as error:
            raise OSError(str(error)) from None
        self._span, self._ids = span, frozenset(ids)

    @property
    def decisions(self) -> Iterator[Recalled]:
        """Each one, in the order of the log.

        Raises:
            OSError: the pack can't be read.
        """
        try:
            for each in self._pack.decisions(Span() if self._ids else self._span):
                if not self._ids or each.id in self._ids:
                    yield each
        except AuditError as error:
            raise OSError(str(error)) from None

    def library(self, revision: str, digest: str) -> Bundle | None:
        """The bundle in the pack.

        Raises:
            BundleError: what is there isn't one.
        """
        data = self._pack.bundle_archive(revision or digest.removeprefix("sha256:"))
        if data is None:
            return None
        found = bundles.from_files(read_archive(data))
        fits = found.revision == revision or f"sha256:{found.digest}" == digest
        return found if fits else None

    def close(self) -> None:
        """Close the pack."""
        self._pack.close()


def paths_of(*found: Path | None) -> tuple[Path, ...]:
    """Those that are there."""
    there: Iterable[Path] = (path for path in found if path is not None and path.exists())
    return tuple(dict.fromkeys(there))
