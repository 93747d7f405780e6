"""`regent bundle keygen`, `sign` and `verify`: words and exit codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from bundles import bundle, signatures
from bundles.approvals import approve, carrying
from bundles.archive import pack
from bundles.cli import app
from bundles.files import read_files
from bundles.trust import Trust
from tests.bundles.signing import KINDS, pair

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

RUN = CliRunner()


class House:
    """Settings that trust somebody."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    def trust(self) -> Trust:
        return self._trust


def _made(folder: Path, kind: str = "EdDSA", key_id: str = "release") -> Result:
    return RUN.invoke(app, ["keygen", "--output", str(folder), "--key-id", key_id, "--algorithm", kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_key_signs_and_verifies(kind: str, folder: Path, tmp_path: Path) -> None:
    """From `keygen` over `sign` to `verify`; the folder is signed in its place."""
    made = _made(tmp_path / "keys", kind)
    assert f"{{id: release, public_key: {tmp_path}/keys/public.pem}}\n" in made.stdout
    assert f"{{name: release, public_key: {tmp_path}/keys/public.pem}}\n" in made.stdout
    private, public = (tmp_path / "keys" / f"{name}.pem" for name in ("private", "public"))
    revision = bundle.read(folder).revision
    signed = RUN.invoke(app, ["sign", str(folder), "--key", str(private), "--key-id", "release"])
    assert (signed.exit_code, signed.stdout) == (0, f"{folder}: {revision}, signed by release\n")
    verified = RUN.invoke(app, ["verify", str(folder), "--key", f"release={public}"])
    assert (verified.exit_code, verified.stdout) == (0, f"{folder}: {revision}, signed by release\n")


def test_signing_elsewhere_leaves_the_bundle_alone(
    folder: Path, files: dict[str, bytes], tmp_path: Path
) -> None:
    """`--output` may be an archive; a scope must be named again to verify."""
    private, public = pair().files(tmp_path)
    archive = tmp_path / "signed.tar.gz"
    sign = ["sign", str(folder), "--key", str(private), "--key-id", "release", "--scope", "write"]
    assert RUN.invoke(app, [*sign, "--output", str(archive)]).exit_code == 0
    assert read_files(folder) == files
    verify = ["verify", str(archive), "--key", f"release={public}"]
    assert RUN.invoke(app, [*verify, "--scope", "write"]).exit_code == 0
    refused = RUN.invoke(app, verify)
    assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "bundle.signature")


def test_a_private_key_that_others_can_read_signs_nothing(folder: Path, tmp_path: Path) -> None:
    """The message says how to mend it."""
    private, _ = pair().files(tmp_path)
    private.chmod(0o644)
    said = RUN.invoke(app, ["sign", str(folder), "--key", str(private), "--key-id", "release"])
    assert said.exit_code == 1
    assert "chmod 600" in said.stderr


def test_a_broken_bundle_is_not_signed(folder: Path, tmp_path: Path) -> None:
    """Nobody signs what nobody could load."""
    private, _ = pair().files(tmp_path)
    (folder / "data.json").write_text('{"house": {"limit": 8}}')
    said = RUN.invoke(app, ["sign", str(folder), "--key", str(private), "--key-id", "release"])
    assert (said.exit_code, said.stderr.split(":")[0]) == (1, "bundle.modified")


def test_verify_goes_by_the_settings(files: dict[str, bytes], folder: Path, tmp_path: Path) -> None:
    """Keys, scope and approvals as configured; without either it verifies nothing and says so."""
    release, bob = pair(), pair(key_id="bob")
    archive = tmp_path / "b.tar.gz"
    archive.write_bytes(pack(signatures.signed(files, release.key)))
    verify = ["verify", str(archive)]
    trusting = RUN.invoke(app, verify, obj=House(Trust(keys={"release": release.public})))
    assert (trusting.exit_code, "signed by release" in trusting.stdout) == (0, True)
    asking = Trust(people={"alice": pair(key_id="alice").public, "bob": bob.public}, approvals=1)
    assert RUN.invoke(app, verify, obj=House(asking)).stderr.startswith("bundle.unapproved: ")
    for nobody in (None, House(Trust())):
        said = RUN.invoke(app, verify, obj=nobody)
        assert (said.exit_code, "policy.trust.keys" in said.stderr) == (1, True)


def test_verify_names_the_approvers(sources: Path, opa: Path, tmp_path: Path) -> None:
    """Those whose approval counts, and not the author."""
    built = tmp_path / "built"
    RUN.invoke(app, ["build", str(sources), "--opa", str(opa), "--output", str(built), "--author", "alice"])
    alice, bob = pair(key_id="alice"), pair(key_id="bob")
    read = bundle.read(built)
    said = [approve(read.revision, each.key, "approver", 7) for each in (alice, bob)]
    said.append(approve(read.revision, alice.key, "author", 7))
    archive = tmp_path / "approved.tar.gz"
    archive.write_bytes(pack(carrying(read.files, said)))
    trust = Trust(people={"alice": alice.public, "bob": bob.public}, approvals=1)
    verified = RUN.invoke(app, ["verify", str(archive)], obj=House(trust))
    expected = f"{archive}: {read.revision}, not asked for a signature, approved by bob\n"
    assert (verified.exit_code, verified.stdout) == (0, expected)


@pytest.mark.parametrize(
    "options", [["--key", "release"], ["--key", "=x"], ["--key", "a="], ["--key", "a=b", "--key", "a=b"]]
)
def test_keys_are_written_as_id_and_file(options: list[str], folder: Path) -> None:
    """Anything else is a usage error, a file that isn't there a `bundle.key`."""
    said = RUN.invoke(app, ["verify", str(folder), *options])
    assert said.exit_code in {1, 2}
    assert re.search(r"ID=FILE|bundle\.key", said.stderr)


def test_the_settings_scope_is_not_overruled(folder: Path) -> None:
    """`--scope` belongs to `--key`: the settings say their own."""
    trust = Trust(keys={"release": pair().public}, scope="write")
    said = RUN.invoke(app, ["verify", str(folder), "--scope", "read"], obj=House(trust))
    assert said.exit_code == 2


def test_no_key_is_made_over_another(tmp_path: Path) -> None:
    """`keygen` twice leaves the first key as it was."""
    assert _made(tmp_path / "keys").exit_code == 0
    before = (tmp_path / "keys" / "private.pem").read_bytes()
    again = _made(tmp_path / "keys")
    assert (again.exit_code, again.stderr.split(":")[0]) == (1, "bundle.key")
    assert (tmp_path / "keys" / "private.pem").read_bytes() == before


@pytest.mark.parametrize("name", ["", " ", "a b", "{a: b}", "-x", "a" * 81])
def test_a_key_has_a_name_that_settings_can_say(name: str, tmp_path: Path) -> None:
    """The line that is printed for them must mean this name and nothing else."""
    said = RUN.invoke(app, ["keygen", "--key-id", name, "--output", str(tmp_path / "keys")])
    assert (said.exit_code, (tmp_path / "keys").exists()) == (2, False)
