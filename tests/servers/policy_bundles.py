"""Bundles that differ and decide alike, and a store whose active one a test chooses."""

from __future__ import annotations

import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

import bundles
from bundles import manifest as manifests
from bundles.archive import pack
from bundles.bundle import from_files
from bundles.files import read_files
from bundles.store.folder import FolderBlobs
from bundles.store.lifecycle import Action
from bundles.store.pointers import ACTIVE, Pointer
from bundles.store.releasing import RELEASED
from bundles.store.revisions import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bundles.bundle import Bundle

    Variant = Callable[..., Bundle]


@cache
def variant(number: int, *, plan: bool = False) -> Bundle:
    """The shipped bundle as somebody else's: another revision, the same decisions.

    Args:
        plan: whether its plan is another one, too, so that it has to be compiled.
    """
    files = read_files(bundles.default_path())
    manifest = orjson.loads(files[manifests.NAME])
    manifest["metadata"]["author"] = f"author-{number}"
    if plan:
        files[manifests.PLAN] += b" " * (number + 1)
        manifest["metadata"]["code"] = manifests.code_of(files, manifest["metadata"]["data_schemas"])
    return from_files({**files, manifests.NAME: manifests.stamped(files, manifest)})


def edited(change: Callable[[dict[str, Any]], object]) -> Bundle:
    """The shipped bundle with other data.

    Args:
        change: given the tables, as `data.regent` has them, to change in place.
    """
    files = read_files(bundles.default_path())
    data = orjson.loads(files[manifests.DATA])
    change(data["regent"])
    files[manifests.DATA] = orjson.dumps(data)
    return from_files(
        {**files, manifests.NAME: manifests.stamped(files, orjson.loads(files[manifests.NAME]))}
    )


class PolicyStore:
    """A store's folder in which a test makes revisions active, without what leads up to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._blobs = FolderBlobs(folder)

    def release(self, bundle: Bundle, archive: bytes | None = None) -> str:
        """Put a bundle in, as it would lie there once released."""
        key = key_of(bundle.revision, RELEASED)
        present = self._blobs.read(key)
        self._blobs.write(key, archive or pack(bundle.files), present[1] if present else None)
        return bundle.revision

    def activate(self, revision: str) -> None:
        """Make a revision active."""
        present = self._blobs.read(ACTIVE)
        pointer = Pointer(revision, time.time_ns() // 1000, None, Action.ACTIVATE, "operator")
        self._blobs.write(ACTIVE, pointer.content(), present[1] if present else None)

    def put(self, bundle: Bundle) -> str:
        """Release a bundle and make it active."""
        revision = self.release(bundle)
        self.activate(revision)
        return revision


@pytest.fixture(scope="session")
def bundle_variant() -> Variant:
    """Make the shipped bundle in variants with revisions of their own."""
    return variant


@pytest.fixture
def policy_store() -> Iterator[PolicyStore]:
    """An empty store."""
    with tempfile.TemporaryDirectory(prefix="regent-store-") as folder:
        yield PolicyStore(Path(folder, "policies"))
