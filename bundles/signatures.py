"""Signs a bundle's files and checks who signed them, as OPA does; knows keys, no policy and no people.

`.signatures.json` holds one compact JWS; its payload lists every other file with its digest
(https://www.openpolicyagent.org/docs/management-bundles/#signing). The digests are OPA's, so each side
verifies what the other has signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bundles import jws
from bundles.digests import ALGORITHM, digest_of
from bundles.documents import canonical, parse_object, readable
from bundles.errors import BundleError
from bundles.manifest import SIGNATURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME: Final = SIGNATURES
DELTA: Final = "patch.json"
_PLUGINS: Final = ("", "_default")


def signed(files: Mapping[str, bytes], key: jws.PrivateKey, scope: str | None = None) -> dict[str, bytes]:
    """The files with `.signatures.json` beside them; one that was there before is replaced.

    Args:
        scope: what the signature is good for; whoever checks must expect the same.

    Raises:
        BundleError: `bundle.malformed` for a document that isn't JSON, `bundle.unknown_file` for a delta.
    """
    content = _unsigned(files)
    listed = [
        {"name": name, "hash": digest_of(name, content[name]), "algorithm": ALGORITHM}
        for name in sorted(content)
    ]
    payload = {"files": listed, **({"scope": scope} if scope else {})}
    token = jws.sign(canonical(payload), key)
    return dict(sorted({**content, NAME: readable({"signatures": [token]})}.items()))


def check(files: Mapping[str, bytes], keys: Mapping[str, jws.PublicKey], scope: str | None = None) -> str:
    """Refuse files that aren't, all of them and nothing else, what one of the keys signed.

    Args:
        keys: whom to believe, by the id that a signature names.
        scope: what the signature must be good for; None for one without a scope.

    Returns:
        the id of the key that signed.

    Raises:
        BundleError: `bundle.signature`; `bundle.unknown_file` for a delta, which signatures don't cover;
            `bundle.malformed` for a document that isn't JSON.
    """
    content = _unsigned(files)
    key, payload = _verified(_token(files), keys)
    if (payload.get("scope") or None) != (scope or None):
        raise BundleError("bundle.signature", "it was signed for another scope")
    promised = dict(_listed(payload.get("files")))
    if missing := sorted(promised.keys() - content.keys()):
        raise BundleError("bundle.signature", f"{missing[0]!r:.200} was signed and is not there")
    if extra := sorted(content.keys() - promised.keys()):
        raise BundleError("bundle.signature", f"{extra[0]!r:.200} is there and was not signed")
    for name, (algorithm, digest) in promised.items():
        if digest_of(name, content[name], algorithm) != digest:
            raise BundleError("bundle.signature", f"{name!r:.200} is not what was signed")
    return key.id


def is_signed(files: Iterable[str]) -> bool:
    """Whether files bear a signature, whoever's it may be."""
    return NAME in files


def unverified_key_id(files: Mapping[str, bytes]) -> str | None:
    """The key that the signature says it is of, which nobody has verified; None for none.

    Raises:
        BundleError: `bundle.signature`, when `.signatures.json` isn't what it must be.
    """
    if not is_signed(files):
        return None
    token = _token(files)
    return jws.unverified_key_id(token) or _claimed_key_id(token)


def _unsigned(files: Mapping[str, bytes]) -> dict[str, bytes]:
    # OPA before 1.21.3 activates a delta that nobody signed, and an empty one wipes the data.
    if any(name.rsplit("/", 1)[-1] == DELTA for name in files):
        raise BundleError("bundle.unknown_file", f"{DELTA}: a delta bundle; only whole ones are taken")
    return {name: content for name, content in files.items() if name != NAME}


def _token(files: Mapping[str, bytes]) -> str:
    if NAME not in files:
        raise BundleError("bundle.signature", "the bundle is not signed")
    try:
        document = parse_object(files[NAME], NAME)
    except BundleError as error:
        raise BundleError("bundle.signature", error.detail) from None
    tokens = document.get("signatures")
    # Of two signatures one could be by somebody else, and a plugin means other rules than these.
    if not isinstance(tokens, list) or len(tokens) != 1 or not isinstance(tokens[0], str):
        raise BundleError("bundle.signature", f"{NAME} must hold exactly one signature")
    if document.get("plugin", "") not in _PLUGINS or document.keys() - {"signatures", "plugin"}:
        raise BundleError("bundle.signature", f"{NAME} asks for rules that are not known here")
    return tokens[0]


def _verified(token: str, keys: Mapping[str, jws.PublicKey]) -> tuple[jws.PublicKey, dict[str, Any]]:
    """The key that signed, and what: the one that is named, or else any of them that fits."""
    named = jws.unverified_key_id(token) or _claimed_key_id(token)
    if named is not None:
        if named not in keys:
            raise BundleError("bundle.signature", f"the key {named!r:.80} is not trusted here")
        return keys[named], _payload(jws.verify(token, keys[named]))
    for key in keys.values():
        try:
            return key, _payload(jws.verify(token, key))
        except BundleError:
            continue
    raise BundleError("bundle.signature", "no key that is trusted here has signed it")


def _payload(content: bytes) -> dict[str, Any]:
    try:
        return parse_object(content, "the payload")
    except BundleError as error:
        raise BundleError("bundle.signature", error.detail) from None


def _claimed_key_id(token: str) -> str | None:
    """`keyid`, the claim in which `opa sign` of old named the key; good for choosing one only."""
    claimed = _payload(jws.unverified_payload(token)).get("keyid")
    return claimed if isinstance(claimed, str) and claimed else None


def _listed(files: object) -> Iterable[tuple[str, tuple[str, str]]]:
    """Each file's name, hash algorithm and digest; `opa` has written names with a leading slash too."""
    if not isinstance(files, list):
        raise BundleError("bundle.signature", "the signature lists no files")
    seen: set[str] = set()
    for row in files:
        if not isinstance(row, dict):
            raise BundleError("bundle.signature", "the signature's list of files is malformed")
        name, algorithm, digest = (row.get(field) for field in ("name", "algorithm", "hash"))
        if not isinstance(name, str) or not isinstance(algorithm, str) or not isinstance(digest, str):
            raise BundleError("bundle.signature", "the signature's list of files is malformed")
        name = name.removeprefix("/")
        if name in seen:  # OPA takes the last one
            raise BundleError("bundle.signature", f"the signature lists {name!r:.200} twice")
        seen.add(name)
        yield name, (algorithm, digest)
