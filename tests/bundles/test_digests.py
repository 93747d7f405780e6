"""Digests: OPA's, to the byte; a property test asks the real `opa` for its own."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundles.digests import digest_of
from bundles.errors import BundleError
from bundles.jws import unverified_payload
from tests.bundles.signing import pair

if TYPE_CHECKING:
    from pathlib import Path

NASTY = b"""{"z": 1.50e+300, "a": [12345678901234567890123, -0, 1E5, 1.10],
 "\xe2\x80\xa8": "\\u2028<&>\\u0001\\b\\f\\u007f\xe2\x80\xa9", "\\u00e4": {}, "e": [],
 "t": [true, false, null]}"""
CANONICAL = (
    '{"a":[12345678901234567890123,-0,1E5,1.10],"e":[],"t":[true,false,null],"z":1.50e+300,'
    '"ä":{},"\\u2028":"\\u2028<&>\\u0001\\b\\f\x7f\\u2029"}'
)
NUMBER = st.from_regex(r"\A-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,3})?\Z")
STRING = st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.booleans()).map(
    lambda pair: json.dumps(pair[0], ensure_ascii=pair[1])
)
LEAF = st.one_of(NUMBER, STRING, st.sampled_from(["true", "false", "null"]))


def _object(fields: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key} : {value}" for key, value in fields) + "}"


def _below(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    fields = st.lists(st.tuples(STRING, inner), max_size=4, unique_by=lambda field: json.loads(field[0]))
    return st.one_of(
        st.lists(inner, max_size=4).map(lambda all_: "[" + " ,\n".join(all_) + "]"), fields.map(_object)
    )


DOCUMENT = st.recursive(LEAF, _below, max_leaves=12)


def test_structured_files_are_hashed_by_value() -> None:
    """Keys in the order of their bytes, numbers as written, strings as Go writes them; no layout."""
    wanted = hashlib.sha256(CANONICAL.encode()).hexdigest()
    assert {digest_of(name, NASTY) for name in ("data.json", ".manifest", "a/data.json")} == {wanted}


@pytest.mark.parametrize("name", ["plan.json", "data.yml", "x.rego", "data.json.rego"])
def test_other_files_are_hashed_as_they_are(name: str) -> None:
    """Byte for byte."""
    assert digest_of(name, NASTY) == hashlib.sha256(NASTY).hexdigest()


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-1", "SHA-224", "sha-256", "", "none"])
def test_weak_and_unknown_hashes_are_refused(algorithm: str) -> None:
    """Whoever can make two files of one digest gets one signed and ships the other."""
    with pytest.raises(BundleError, match=r"bundle\.signature"):
        digest_of("plan.json", b"", algorithm)


@pytest.mark.parametrize(
    "content", [b'{"a": 1, "a": 2}', b"NaN", b"\xff", b'"\\ud800"', b"[" * 100_000, b"", b"{} {}"]
)
def test_what_has_two_meanings_has_no_digest(content: bytes) -> None:
    """Documents that two readers understand differently, or one not at all."""
    with pytest.raises(BundleError, match=r"bundle\.malformed"):
        digest_of("data.json", content)


def test_yaml_has_no_digest() -> None:
    """Regent doesn't read it in bundles, and each parser of YAML would hash something else."""
    with pytest.raises(BundleError, match=r"bundle\.unknown_file"):
        digest_of("a/data.yaml", b"a: 1")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=st.lists(DOCUMENT, min_size=10, max_size=40))
def test_the_digests_are_opas(
    documents: list[str], opa: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """For any JSON at all, `opa sign` writes the digest that is taken here."""
    folder = tmp_path_factory.mktemp("documents")
    private, _ = pair().files(tmp_path_factory.mktemp("keys"))
    for number, text in enumerate([NASTY.decode(), *documents]):
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / "data.json").write_bytes(text.encode())
    command: list[str | Path] = [
        opa,
        "sign",
        "--bundle",
        ".",
        "--signing-alg",
        "EdDSA",
        "--signing-key",
        private,
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (token,) = json.loads((folder / ".signatures.json").read_bytes())["signatures"]
    promised = {row["name"]: row["hash"] for row in json.loads(unverified_payload(token))["files"]}

    assert promised == {name: digest_of(name, (folder / name).read_bytes()) for name in promised}
    assert len(promised) == len(documents) + 1
