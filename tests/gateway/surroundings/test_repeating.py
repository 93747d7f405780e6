"""Where bundles that decided are found: by digest before revision, in the store before what lies about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bundles
from bundles import archive
from bundles import build as building
from bundles import bundle as bundle_files
from bundles.files import read_archive
from bundles.store.folder import FolderBlobs
from bundles.store.releasing import BUNDLE, RELEASED
from bundles.store.revisions import key_of
from gateway.surroundings.repeating import Shelf, paths_of
from tests.servers.policy_bundles import edited

if TYPE_CHECKING:
    from pathlib import Path


def test_a_bundle_is_found_by_revision_or_digest(tmp_path: Path) -> None:
    """Of one that isn't there, nothing; and the archive is the bundle."""
    shipped = bundle_files.read(bundles.default_path())
    shelf = Shelf(None, paths_of(tmp_path / "nowhere", None, bundles.default_path()))
    for revision, digest in ((shipped.revision, ""), ("", f"sha256:{shipped.digest}")):
        found = shelf.find(revision, digest)
        assert found is not None
        assert found.digest == shipped.digest
    assert shelf.find("r-0", "sha256:0") is None
    assert shelf.find("", "") is None
    packed = shelf.archive(shipped.revision, "")
    assert packed is not None
    assert bundle_files.from_files(read_archive(packed)).digest == shipped.digest
    assert shelf.archive("r-0", "") is None


def test_the_store_has_what_decided_once(tmp_path: Path) -> None:
    """Also what is active no more; what is damaged, or no revision, is passed over."""
    old = edited(lambda data: data["teams"].pop("sales"))
    packed = archive.pack(old.files)
    store = FolderBlobs(tmp_path / "store")
    store.write(key_of(old.revision, BUNDLE), packed, None)
    shelf = Shelf(tmp_path / "store", (bundles.default_path(),))
    found = shelf.find(old.revision, "")
    assert found is not None
    assert found.digest == old.digest
    store.write(key_of(old.revision, RELEASED), b"damaged", None)
    assert shelf.find(old.revision, "") is not None
    assert shelf.find("../../etc", "") is None


def test_a_path_that_is_no_bundle_is_passed_over(tmp_path: Path) -> None:
    """It decided nothing."""
    building.write(dict(edited(lambda _: None).files), tmp_path / "one")
    (tmp_path / "one" / "data.json").write_text("{")
    shipped = bundle_files.read(bundles.default_path())
    shelf = Shelf(None, (tmp_path / "one", bundles.default_path()))
    found = shelf.find(shipped.revision, "")
    assert found is not None
