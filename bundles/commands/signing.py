"""`regent bundle keygen`, `sign` and `verify`: keys and signatures; words and exit codes only."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bundles import bundle as bundles
from bundles import jws, keys, signatures
from bundles.commands.telling import Surroundings, told
from bundles.errors import BundleError
from bundles.files import read_files, read_small
from bundles.trust import Trust
from bundles.writing import write


class Algorithm(StrEnum):
    """Values of `--algorithm`."""

    EDDSA = "EdDSA"
    ES256 = "ES256"
    RS256 = "RS256"


_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@:/+-]{0,79}")
"""What is printed for the settings must be YAML that says the same."""
KeyId = Annotated[str, typer.Option("--key-id", help="What signatures call the key.")]
Bundle = Annotated[Path, typer.Argument(help="Folder or .tar.gz of the bundle.")]
Scope = Annotated[str | None, typer.Option(help="What the signature is good for.")]


def keygen(
    output: Annotated[Path, typer.Option(help="Folder for private.pem and public.pem.")],
    key_id: KeyId,
    algorithm: Annotated[
        Algorithm, typer.Option(help="OPA servers that take the key from their settings need ES256 or RS256.")
    ] = Algorithm.EDDSA,
) -> None:
    """Make a key for signing bundles, or for one person's approvals."""
    if not _KEY_ID.fullmatch(key_id):
        raise typer.BadParameter(
            "name it by up to 80 letters, digits and . _ @ : / + -", param_hint="--key-id"
        )
    with told():
        private, public = keys.generate(algorithm.value)
        jws.PrivateKey.parse(private, key_id)
        keys.keep(private, public, output)
    typer.echo(f"{output / keys.PRIVATE}: keep it secret; {output / keys.PUBLIC}: for the settings", err=True)
    path = output / keys.PUBLIC
    typer.echo(f"policy.trust.keys:    {{id: {key_id}, public_key: {path}}}")
    typer.echo(f"policy.trust.people:  {{name: {key_id}, public_key: {path}}}")


def sign(
    path: Bundle,
    *,
    key: Annotated[Path, typer.Option(help="PEM of the private key, readable by you alone.")],
    key_id: KeyId,
    scope: Scope = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the signed bundle here instead of in its place.")
    ] = None,
) -> None:
    """Sign a bundle, as OPA does. Sign last: a later change of any file breaks the signature."""
    with told():
        files = read_files(path)
        revision = bundles.from_files(files).revision
        signed = signatures.signed(files, jws.PrivateKey.read(key, key_id), scope)
        write(signed, output or path)
    typer.echo(f"{output or path}: {revision}, signed by {key_id}")


def verify(
    context: typer.Context,
    path: Bundle,
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=FILE", help="A public key; the settings' policy.trust if none is given."),
    ] = None,
    scope: Scope = None,
) -> None:
    """Say whether a bundle may decide: whole, signed, and approved where the settings ask for it."""
    with told():
        trust = Trust(keys=_keys(key), scope=scope) if key else _configured(context.obj, scope)
        files = read_files(path)
        revision = bundles.from_files(files, trust).revision
        signer = signatures.unverified_key_id(files) if trust.keys else None
    said = [revision, f"signed by {signer or 'a trusted key'}" if trust.keys else "not asked for a signature"]
    if trust.approvals:
        said.append(f"approved by {', '.join(trust.approvers(files))}")
    typer.echo(f"{path}: {', '.join(said)}")


def _keys(given: list[str]) -> dict[str, jws.PublicKey]:
    found: dict[str, jws.PublicKey] = {}
    for each in given:
        key_id, separator, file = each.partition("=")
        if not separator or not key_id or not file or key_id in found:
            raise typer.BadParameter("write each key once as ID=FILE", param_hint="--key")
        try:
            found[key_id] = jws.PublicKey.parse(read_small(Path(file), jws.MAX_KEY_BYTES), key_id)
        except OSError as error:
            raise BundleError("bundle.key", f"{file}: {error.strerror}") from None
    return found


def _configured(house: Surroundings | None, scope: str | None) -> Trust:
    trust = house.trust() if house else Trust()
    if not trust.keys and not trust.approvals:
        raise BundleError("bundle.key", "no key to verify with: give --key ID=FILE, or set policy.trust.keys")
    if scope is not None:
        raise typer.BadParameter("the settings say the scope; give it with --key only", param_hint="--scope")
    return trust
