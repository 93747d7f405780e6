"""A gateway that trusts somebody starts with their bundles and no others, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bundles import approvals, bundle, default_path, signatures
from bundles import manifest as manifests
from bundles.archive import pack
from bundles.documents import parse_object
from tests.bundles.signing import pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer

pytestmark = pytest.mark.engine("embedded")
RELEASE = pair()
PEOPLE = [pair(key_id=name) for name in ("alice", "bob", "carol")]
TRUST: dict[str, Any] = {
    "keys": [{"id": "release", "public_key": RELEASE.public_pem.decode()}],
    "people": [{"name": each.public.id, "public_key": each.public_pem.decode()} for each in PEOPLE],
    "approvals": 2,
    "scope": "production",
}


def released(*approvers: str) -> dict[str, bytes]:
    """The shipped bundle as alice wrote it, approved by some, and signed."""
    files = dict(bundle.read(default_path()).files)
    manifest = parse_object(files[manifests.NAME], manifests.NAME)
    metadata = {**manifest["metadata"], "author": "alice"}
    files[manifests.NAME] = manifests.stamped(files, {**manifest, "metadata": metadata})
    revision = bundle.from_files(files).revision
    words = [approvals.approve(revision, p.key, "approver", 7) for p in PEOPLE if p.key.id in approvers]
    words += [approvals.approve(revision, p.key, "author", 7) for p in PEOPLE if p.key.id == "alice"]
    return signatures.signed(approvals.carrying(files, words), RELEASE.key, "production")


def test_a_gateway_starts_with_what_was_signed_and_approved(
    gateway_server: Callable[..., GatewayServer], http_client: Http, tmp_path: Path
) -> None:
    """Its answers name the revision that was approved."""
    archive = tmp_path / "release.tar.gz"
    files = released("bob", "carol")
    archive.write_bytes(pack(files))
    gateway = gateway_server(policy={"bundle": str(archive), "trust": TRUST})
    answer = http_client.send(gateway, http_client.hello(), token=gateway.token())
    verified = gateway.regent("bundle", "verify", str(archive))

    assert answer.headers["x-regent-policy-revision"] == bundle.from_files(files).revision
    assert verified.returncode == 0, verified.stderr
    assert "signed by release, approved by bob, carol" in verified.stdout


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (lambda: dict(bundle.read(default_path()).files), "bundle.signature: the bundle is not signed"),
        (
            lambda: {**released("bob", "carol"), "data.json": b"{}"},
            "bundle.signature: 'data.json' is not what was signed",
        ),
        (lambda: released("alice", "bob"), "bundle.unapproved: 1 of 2 people besides alice"),
    ],
)
def test_a_gateway_does_not_start_with_anything_else(
    files: Callable[[], dict[str, bytes]],
    said: str,
    gateway_server: Callable[..., GatewayServer],
    tmp_path: Path,
) -> None:
    """`serve` ends at once and says what is wrong with the bundle."""
    archive = tmp_path / "release.tar.gz"
    archive.write_bytes(pack(files()))
    gateway = gateway_server(policy={"bundle": str(archive), "trust": TRUST}, started=False)
    done = gateway.regent("serve")

    assert done.returncode == 1
    assert done.stderr.startswith(f"regent: {said}")
