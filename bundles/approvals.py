"""What people say of a revision, carried in its manifest: who wrote it, who approves it; counts nobody.

Each is a compact JWS of the type `regent-approval+jwt`, signed with the person's own key over the revision,
so over every byte of the policy and the name of its author.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from bundles import jws
from bundles import manifest as manifests
from bundles.documents import canonical, parse_object, readable
from bundles.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Role = Literal["author", "approver"]
KIND: Final = "regent-approval+jwt"
_ROLES: Final = ("author", "approver")


@dataclass(frozen=True, slots=True)
class Approval:
    """What one person said of one revision, verified.

    Args:
        revision: which one.
        name: who said it.
        role: as what.
        at_us: when they say that they said it.
        fingerprint: of their key: two names may have one.
    """

    revision: str
    name: str
    role: Role
    at_us: int
    fingerprint: str


def approve(revision: str, key: jws.PrivateKey, role: Role, at_us: int) -> str:
    """Say something of a revision.

    Args:
        key: the person's; its id is their name.
        at_us: now, in microseconds since 1970.

    Returns:
        the token, for the manifest.
    """
    said = {"revision": revision, "name": key.id, "role": role, "at_us": at_us}
    return jws.sign(canonical(said), key, KIND)


def read(token: str, people: Mapping[str, jws.PublicKey]) -> Approval:
    """Verify one token.

    Args:
        people: whose word counts, by name.

    Raises:
        BundleError: `bundle.signature`, when it isn't what one of them said.
    """
    name = jws.unverified_key_id(token)
    if name is None or name not in people:
        raise BundleError("bundle.signature", f"an approval by {name!r:.80}, who is not known here")
    said = _parsed(jws.verify(token, people[name], KIND))
    revision, role, at_us = said.get("revision"), said.get("role"), said.get("at_us")
    if said.get("name") != name or not isinstance(revision, str) or role not in _ROLES:
        raise BundleError("bundle.signature", f"an approval by {name!r:.80} that doesn't say what it must")
    if type(at_us) is not int:
        raise BundleError("bundle.signature", f"an approval by {name!r:.80} that doesn't say when")
    return Approval(revision, name, cast("Role", role), at_us, people[name].fingerprint)


def unverified(token: str) -> dict[str, Any]:
    """What a token says, which nobody has verified: name, role, revision and time, for showing only."""
    try:
        said = _parsed(jws.unverified_payload(token))
    except BundleError:
        said = {}
    wanted: dict[str, type] = {"name": str, "role": str, "revision": str, "at_us": int}
    return {key: said[key] if type(said.get(key)) is kind else None for key, kind in wanted.items()}


def carried(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The tokens in a bundle's manifest, unverified.

    Raises:
        BundleError: `bundle.malformed`.
    """
    manifest = manifests.parsed(files)
    return tuple(manifest["metadata"].get("approvals", ()))


def carrying(files: Mapping[str, bytes], tokens: Iterable[str]) -> dict[str, bytes]:
    """The files with these tokens in the manifest, in place of those that were there, and unsigned.

    The revision stays what it is. A signature would be one of something else, so it goes: sign last.

    Raises:
        BundleError: `bundle.malformed`.
    """
    manifest = manifests.parsed(files)
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "approvals"}
    if held := list(tokens):
        metadata["approvals"] = held
    changed = {**manifest, "metadata": metadata}
    manifests.check_shape(changed)
    others = {name: content for name, content in files.items() if name != manifests.SIGNATURES}
    return {**others, manifests.NAME: readable(changed)}


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        return parse_object(payload, "an approval")
    except BundleError as error:
        raise BundleError("bundle.signature", error.detail) from None
