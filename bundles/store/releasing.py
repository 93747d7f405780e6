"""Makes the bundle that gateways load: the approvals in its manifest, then the release key's signature.

Everything is verified again here: what the store's files say was not written by who is trusted, only kept.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bundles import approvals, archive, signatures
from bundles import bundle as bundles
from bundles.errors import BundleError
from bundles.files import read_archive
from bundles.store import report, words
from bundles.store.errors import StoreError
from bundles.store.revisions import key_of

if TYPE_CHECKING:
    from bundles.bundle import Bundle
    from bundles.jws import PrivateKey
    from bundles.store.blobs import Blobs
    from bundles.store.desk import Desk
    from bundles.trust import Trust

BUNDLE: Final = "bundle.tar.gz"
RELEASED: Final = "released.tar.gz"


@dataclass(frozen=True, slots=True)
class Release:
    """A bundle that gateways will take.

    Args:
        digest: SHA-256, hex, over its files.
        approvals: how many count.
    """

    digest: str
    approvals: int


def release(desk: Desk, revision: str, key: PrivateKey | None) -> Release:
    """Have `released.tar.gz` in the store: the one that is there if it will do, else a new one.

    Args:
        key: the release key; None to make do without, or with what was signed before.

    Raises:
        StoreError: `store.untested`, `store.approval`, `store.unsigned`, `store.damaged`, `store.conflict`,
            or `store.unavailable`.
    """
    bundle = stored(desk.blobs, revision)
    author = author_of(bundle)
    own = words.authored(desk.blobs, revision, author, desk.trust)
    valid = words.valid(desk.blobs, revision, author, desk.trust)
    _check_tests(desk.blobs, revision)
    if len(valid) < desk.trust.approvals:
        wanted = f"{len(valid)} of the {desk.trust.approvals} approvals that the settings ask for"
        raise StoreError("store.approval", f"{revision} has {wanted}: regent bundle approve")
    present = desk.blobs.read(key_of(revision, RELEASED))
    if present and key is None:
        with contextlib.suppress(BundleError):
            return _checked(present[0], revision, desk.trust)
    files = approvals.carrying(bundle.files, [own, *(token for _, token in valid)])
    packed = archive.pack(_signed(files, key, desk.trust))
    try:
        made = _checked(packed, revision, desk.trust)
    except BundleError as error:
        raise StoreError(
            "store.approval", f"a gateway with these settings would refuse it: {error}"
        ) from None
    if present is None or present[0] != packed:
        desk.blobs.write(key_of(revision, RELEASED), packed, present[1] if present else None)
    return made


def stored(blobs: Blobs, revision: str) -> Bundle:
    """The bundle as it was published, checked to be the revision that it is kept as.

    Raises:
        StoreError: `store.unknown`, `store.damaged` or `store.unavailable`.
    """
    found = blobs.read(key_of(revision, BUNDLE))
    if found is None:
        raise StoreError("store.unknown", f"the store has no bundle of {revision}")
    try:
        bundle = bundles.from_files(read_archive(found[0]))
    except BundleError as error:
        raise StoreError("store.damaged", f"{BUNDLE} of {revision}: {error}") from None
    if bundle.revision != revision:
        raise StoreError("store.damaged", f"{BUNDLE} of {revision} is another revision")
    return bundle


def author_of(bundle: Bundle) -> str:
    """Who published it: part of the revision, so nobody approves without approving that, too.

    Raises:
        StoreError: `store.damaged`.
    """
    author = bundle.manifest["metadata"].get("author")
    if not isinstance(author, str):
        raise StoreError("store.damaged", f"the manifest of {bundle.revision} names no author")
    return author


def _signed(files: dict[str, bytes], key: PrivateKey | None, trust: Trust) -> dict[str, bytes]:
    if key is None:
        if trust.keys:
            names = ", ".join(sorted(trust.keys))
            raise StoreError(
                "store.unsigned", f"gateways ask for a signature by {names}: give --key and --key-id"
            )
        return files
    trusted = trust.keys.get(key.id)
    if trust.keys and (trusted is None or trusted.fingerprint != key.public().fingerprint):
        raise StoreError("store.unsigned", f"{key.id} is no release key of the settings, policy.trust.keys")
    return signatures.signed(files, key, trust.scope)


def _check_tests(blobs: Blobs, revision: str) -> None:
    found = blobs.read(key_of(revision, report.FILE))
    if found is None or not report.parse(found[0], revision).is_enough:
        raise StoreError("store.untested", f"{revision} has no report of passing tests")


def _checked(packed: bytes, revision: str, trust: Trust) -> Release:
    """What a gateway with these settings would make of it.

    Raises:
        BundleError: a gateway would refuse it.
    """
    bundle = bundles.from_files(read_archive(packed), trust)
    if bundle.revision != revision:
        raise BundleError("bundle.modified", f"it is {bundle.revision}, not {revision}")
    held = words.counted(approvals.carried(bundle.files), revision, author_of(bundle), trust)
    return Release(bundle.digest, len(held))
