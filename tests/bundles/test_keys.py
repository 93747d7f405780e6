"""Keys that are made here sign and verify, and their files are nobody else's."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from bundles import jws, keys
from bundles.errors import BundleError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256"])
def test_a_made_key_signs(algorithm: jws.Algorithm, tmp_path: Path) -> None:
    """With the algorithm that was asked for, read back from its files."""
    keys.keep(*keys.generate(algorithm), tmp_path / "new")
    key = jws.PrivateKey.read(tmp_path / "new" / "private.pem", "release")
    public = jws.PublicKey.parse((tmp_path / "new" / "public.pem").read_bytes(), "release")
    assert (key.algorithm, public.algorithm) == (algorithm, algorithm)
    assert jws.verify(jws.sign(b"x", key), public) == b"x"


def test_only_the_owner_reads_the_private_key(tmp_path: Path) -> None:
    """The public one may be read by anybody."""
    keys.keep(b"private", b"public", tmp_path / "new")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (tmp_path / "new").iterdir()}
    assert modes["private.pem"] == 0
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["private.pem", "public.pem"])
def test_no_key_is_overwritten(name: str, tmp_path: Path) -> None:
    """What was signed with it could never be signed again."""
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(BundleError, match=f"{name} exists already"):
        keys.keep(b"private", b"public", tmp_path)
    assert (tmp_path / name).read_bytes() == b"old"


def test_a_folder_that_is_none_is_said(tmp_path: Path) -> None:
    """A key that can't be kept is an error with its code."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BundleError, match=r"bundle\.key"):
        keys.keep(b"private", b"public", tmp_path / "file" / "below")
