"""Who must have signed and approved a bundle before it decides anything; knows no policy and no store.

The root of this trust is the gateway's settings:
a bundle, or the folder that it lies in, can't name its own judges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bundles import approvals as words
from bundles import manifest as manifests
from bundles import signatures
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bundles.jws import PublicKey


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe.

    Args:
        keys: release keys, by id; with none, an unsigned bundle is taken.
        scope: what a release signature must be good for.
        people: who may write and approve, by name.
        approvals: how many people besides the author must have approved the very revision.
    """

    keys: Mapping[str, PublicKey] = field(default_factory=dict)
    scope: str | None = None
    people: Mapping[str, PublicKey] = field(default_factory=dict)
    approvals: int = 0

    def admit(self, files: Mapping[str, bytes]) -> None:
        """Refuse a bundle's files unless those who must stand behind them do.

        Raises:
            BundleError: `bundle.signature`, `bundle.unapproved`; `bundle.malformed` and `bundle.unknown_file`
                for what can't be signed.
        """
        if self.keys:
            signatures.check(files, self.keys, self.scope)
        if self.approvals:
            self._check_approvals(files)

    def approvers(self, files: Mapping[str, bytes]) -> list[str]:
        """Who has approved a bundle that was admitted, by name; its author isn't among them."""
        manifest = manifests.parsed(files)
        valid, _ = self._words(manifests.revision_of(files, manifest), words.carried(files))
        authors = self._authors(manifest, valid)
        return sorted({word.name for word in valid if word.role == "approver"} - authors)

    def _check_approvals(self, files: Mapping[str, bytes]) -> None:
        manifest = manifests.parsed(files)
        author = manifest["metadata"].get("author")
        if author is None or author not in self.people:
            # Whoever doesn't say who wrote it could approve it.
            raise BundleError(
                "bundle.unapproved", f"its author, {author!r}, is nobody who may write policies"
            )
        revision = manifests.revision_of(files, manifest)
        valid, passed_over = self._words(revision, words.carried(files))
        if not any(word.role == "author" and word.name == author for word in valid):
            # Somebody else's name in its place would let the author approve.
            raise BundleError("bundle.unapproved", f"{author} has not signed as the author of {revision}")
        own = {self.people[name].fingerprint for name in self._authors(manifest, valid)}
        # One person under two names is still one person, so keys are counted.
        approved = {word.fingerprint for word in valid if word.role == "approver"} - own
        if len(approved) < self.approvals:
            said = f"{len(approved)} of {self.approvals} people besides {author} have approved {revision}"
            raise BundleError("bundle.unapproved", "; ".join([said, *passed_over]))

    @staticmethod
    def _authors(manifest: Mapping[str, Any], valid: Iterable[words.Approval]) -> set[str]:
        """Whom the manifest names, and whoever signed as author."""
        return {manifest["metadata"].get("author"), *(word.name for word in valid if word.role == "author")}

    def _words(self, revision: str, tokens: Iterable[str]) -> tuple[list[words.Approval], list[str]]:
        """The words about this revision, and why each of the others counts for nothing."""
        valid, passed_over = [], []
        for token in tokens:
            try:
                word = words.read(token, self.people)
            except BundleError as error:
                passed_over.append(error.detail)
                continue
            if word.revision == revision:
                valid.append(word)
            else:
                passed_over.append(f"an approval by {word.name} of another revision")
        return valid, passed_over
