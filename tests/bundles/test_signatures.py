"""Signatures: what was signed and nothing else verifies, whoever tries to slip something past."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st
from joserfc.util import urlsafe_b64encode

from bundles import jws, signatures
from bundles.errors import BundleError
from tests.bundles.signing import KINDS, Pair, pair

if TYPE_CHECKING:
    from collections.abc import Callable

Files = dict[str, bytes]
RELEASE = pair()
KEYS = {"release": RELEASE.public}
PLAIN = {"data.json": b'{"a": 1}', ".manifest": b'{"revision": ""}', "plan.json": b"{}", "a/x.rego": b"x"}


def _code(attempt: Callable[[], object]) -> str:
    with pytest.raises(BundleError) as raised:
        attempt()
    return raised.value.code


def _refused(files: Files, keys: dict[str, jws.PublicKey] | None = None, scope: str | None = None) -> bool:
    return _code(lambda: signatures.check(files, KEYS if keys is None else keys, scope)) == "bundle.signature"


def _payload(files: Files) -> dict[str, Any]:
    (token,) = json.loads(files[".signatures.json"])["signatures"]
    payload: dict[str, Any] = json.loads(jws.unverified_payload(token))
    return payload


def _signed_as(payload: object, by: Pair = RELEASE, **fields: object) -> Files:
    """The plain files with a genuine signature over any payload."""
    token = jws.sign(json.dumps(payload).encode(), by.key)
    return {**PLAIN, ".signatures.json": json.dumps({"signatures": [token], **fields}).encode()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_signed_verifies(kind: str) -> None:
    """With each algorithm, by the id of its key; signing again replaces the signature."""
    first, second = pair(kind), pair(kind, "second")
    keys = {key.public.id: key.public for key in (first, second)}
    once = signatures.signed(PLAIN, first.key)
    assert signatures.check(once, keys) == "release"
    assert signatures.unverified_key_id(once) == "release"
    assert signatures.check(signatures.signed(once, second.key), keys) == "second"


def test_layout_of_documents_is_not_signed() -> None:
    """The data may be laid out anew, as OPA does when it writes a bundle; a value may not change."""
    signed = signatures.signed(PLAIN, RELEASE.key)
    assert signatures.check({**signed, "data.json": b'{ "a":1 }\n'}, KEYS) == "release"
    assert _refused({**signed, "data.json": b'{"a": 1.0}'})


@given(name=st.sampled_from(sorted(PLAIN)), place=st.integers(0, 100), bit=st.integers(0, 7))
def test_a_changed_bit_is_noticed(name: str, place: int, bit: int) -> None:
    """In any file; where the change is one of layout only, the file says the same."""
    signed = signatures.signed(PLAIN, RELEASE.key)
    changed = bytearray(signed[name])
    changed[place % len(changed)] ^= 1 << bit
    try:
        signatures.check({**signed, name: bytes(changed)}, KEYS)
    except BundleError as error:
        assert error.code in {"bundle.signature", "bundle.malformed"}
    else:
        assert json.loads(changed) == json.loads(signed[name])


def test_extra_and_missing_files_are_refused() -> None:
    """Every file but the signature is listed, and everything listed is there."""
    signed = signatures.signed(PLAIN, RELEASE.key)
    assert _refused({**signed, "a/y.rego": b"y"})
    assert _refused({**signed, "a/.signatures.json": b"{}"})
    for name in PLAIN:
        assert _refused({other: content for other, content in signed.items() if other != name})
    assert _refused(PLAIN)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_key_is_refused(kind: str) -> None:
    """One of another name, another one of the same name, and no key at all."""
    signed = signatures.signed(PLAIN, pair(kind, "other").key)
    assert _refused(signed)
    assert _refused(signed, {})
    for other in KINDS:
        assert _refused(signed, {"other": pair(other, "other").public})


@pytest.mark.parametrize(
    ("signed_for", "wanted"),
    [(None, "write"), ("write", None), ("write", "read"), ("write", "Write"), ("write", "")],
)
def test_another_scope_is_refused(signed_for: str | None, wanted: str | None) -> None:
    """A signature made for one use is good for no other."""
    signed = signatures.signed(PLAIN, RELEASE.key, signed_for)
    assert _refused(signed, scope=wanted)
    assert signatures.check(signed, KEYS, signed_for) == "release"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"signatures": []}',
        b'{"signatures": ["TOKEN", "TOKEN"]}',
        b'{"signatures": [7]}',
        b'{"signatures": "TOKEN"}',
        b'{"signatures": ["a.b.c"]}',
        b'{"signatures": ["TOKEN"], "signatures": ["TOKEN"]}',
        b'{"signatures": ["TOKEN"], "plugin": "mine"}',
        b'{"signatures": ["TOKEN"], "plugin": 7}',
        b'{"signatures": ["TOKEN"], "more": 1}',
    ],
)
def test_one_signature_and_no_more(content: bytes) -> None:
    """None, two, a broken one, or rules of somebody else's for reading it."""
    signed = signatures.signed(PLAIN, RELEASE.key)
    (token,) = json.loads(signed[".signatures.json"])["signatures"]
    assert _refused({**signed, ".signatures.json": content.replace(b"TOKEN", token.encode())})


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: {**payload, "files": None},
        lambda payload: {**payload, "files": [7]},
        lambda payload: {**payload, "files": []},
        lambda payload: {**payload, "files": [*payload["files"], payload["files"][0]]},
        lambda payload: {**payload, "files": [{**row, "name": 7} for row in payload["files"]]},
        lambda payload: {**payload, "files": [{**row, "hash": None} for row in payload["files"]]},
        lambda payload: {**payload, "files": [{**row, "hash": ""} for row in payload["files"]]},
        lambda payload: {**payload, "files": [{**row, "algorithm": "MD5"} for row in payload["files"]]},
        lambda payload: {**payload, "files": [{**row, "algorithm": ""} for row in payload["files"]]},
        lambda payload: {**payload, "scope": 7},
        lambda payload: [payload],
    ],
)
def test_a_signed_list_must_be_one(change: Callable[[dict[str, Any]], object]) -> None:
    """A genuine signature over something else is none over these files."""
    payload = _payload(signatures.signed(PLAIN, RELEASE.key))
    assert signatures.check(_signed_as(payload), KEYS) == "release"
    assert _refused(_signed_as(change(payload)))


def test_what_opa_writes_besides_is_accepted() -> None:
    """A leading slash, the plugin of its own, `keyid` as a claim, `iss` and `iat`."""
    payload = _payload(signatures.signed(PLAIN, RELEASE.key))
    slashed = [{**row, "name": f"/{row['name']}"} for row in payload["files"]]
    claimed = {"files": slashed, "keyid": "release", "iss": "ci", "iat": 1592248027}
    assert signatures.check(_signed_as(claimed, plugin="_default"), KEYS) == "release"
    doubled = {"files": [*payload["files"], *slashed]}
    assert _refused(_signed_as(doubled))


def _without_key_id(claims: dict[str, Any], by: Pair) -> Files:
    """A token whose header names no key, as `opa sign` makes it."""
    payload = _payload(signatures.signed(PLAIN, by.key)) | claims
    made = b".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "EdDSA"}, payload))
    key = serialization.load_pem_private_key(by.private_pem, None)
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    token = (made + b"." + urlsafe_b64encode(key.sign(made))).decode()
    return {**PLAIN, ".signatures.json": json.dumps({"signatures": [token]}).encode()}


def test_a_signature_that_names_no_key_fits_one() -> None:
    """By the claim `keyid`, else whichever key of those trusted made it; a claim of another is refused."""
    keys = {"first": pair(key_id="first").public, **KEYS}
    for claims in ({}, {"keyid": "release"}, {"keyid": ""}):
        assert signatures.check(_without_key_id(claims, RELEASE), keys) == "release"
    assert _refused(_without_key_id({"keyid": "first"}, RELEASE), keys)
    assert _refused(_without_key_id({"keyid": "unknown"}, RELEASE), keys)
    assert _refused(_without_key_id({}, pair()), keys)


def test_deltas_are_refused() -> None:
    """Neither signed nor checked: OPA once activated one that nobody had signed."""
    for name in ("patch.json", "a/patch.json"):
        delta = {**PLAIN, name: b'{"data": []}'}
        assert _code(lambda delta=delta: signatures.signed(delta, RELEASE.key)) == "bundle.unknown_file"  # type: ignore[misc]
        signed = {**signatures.signed(PLAIN, RELEASE.key), name: b'{"data": []}'}
        assert _code(lambda signed=signed: signatures.check(signed, KEYS)) == "bundle.unknown_file"  # type: ignore[misc]


def test_an_approval_is_no_release() -> None:
    """A word signed for another use with the same key lists no files."""
    token = jws.sign(b'{"revision": "r-0", "role": "approver"}', RELEASE.key, "regent-approval+jwt")
    assert _refused({**PLAIN, ".signatures.json": json.dumps({"signatures": [token]}).encode()})
