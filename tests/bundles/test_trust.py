"""Trust: only what was signed and approved by those whom the settings name decides anything."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from bundles import approvals, bundle, signatures
from bundles import manifest as manifests
from bundles.archive import pack
from bundles.errors import BundleError
from bundles.trust import Trust
from tests.bundles.signing import Pair, pair

if TYPE_CHECKING:
    from pathlib import Path

Files = dict[str, bytes]
RELEASE = pair()
ALICE, BOB, CAROL, DAVE = (pair(key_id=name) for name in ("alice", "bob", "carol", "dave"))
PEOPLE = {each.public.id: each.public for each in (ALICE, BOB, CAROL)}
TWO = Trust(people=PEOPLE, approvals=2)


@pytest.fixture
def written(files: Files) -> Files:
    """The bundle as alice wrote it, and signed for that."""
    return _approved(_by("alice", files), ALICE, role="author")


def _by(author: str, files: Files) -> Files:
    manifest = json.loads(files[".manifest"])
    metadata = {**manifest["metadata"], "author": author}
    return {**files, ".manifest": manifests.stamped(files, {**manifest, "metadata": metadata})}


def _approved(files: Files, *by: Pair, role: approvals.Role = "approver") -> Files:
    """The files with the words that they carry already and those of some people more."""
    revision = bundle.from_files(files).revision
    tokens = [approvals.approve(revision, each.key, role, 7) for each in by]
    return approvals.carrying(files, [*approvals.carried(files), *tokens])


def _refused(files: Files, trust: Trust) -> str:
    with pytest.raises(BundleError) as raised:
        bundle.from_files(files, trust)
    return raised.value.code


def test_nobody_in_particular_is_trusted_by_default(files: Files) -> None:
    """Without keys and people any bundle is taken, signed or not."""
    for each in (files, signatures.signed(files, RELEASE.key)):
        assert bundle.from_files(each, Trust()).revision == bundle.from_files(each).revision


def test_with_keys_only_what_they_signed_is_taken(files: Files, tmp_path: Path) -> None:
    """From a folder or an archive; unsigned, signed by others or for another scope is refused."""
    trust = Trust(keys={"release": RELEASE.public}, scope="write")
    archive = tmp_path / "b.tar.gz"
    archive.write_bytes(pack(signatures.signed(files, RELEASE.key, "write")))
    assert bundle.read(archive, trust).revision == bundle.from_files(files).revision
    for refused in (
        files,
        signatures.signed(files, RELEASE.key),
        signatures.signed(files, pair().key, "write"),
    ):
        assert _refused(refused, trust) == "bundle.signature"


def test_two_people_besides_the_author_approve(written: Files) -> None:
    """The author's own approval doesn't count, and one person's counts once."""
    assert bundle.from_files(_approved(written, BOB, CAROL), TWO).files
    assert bundle.from_files(_approved(written, ALICE, BOB, CAROL, BOB), TWO).files
    for too_few in ((), (BOB,), (BOB, BOB), (ALICE, BOB)):
        assert _refused(_approved(written, *too_few), TWO) == "bundle.unapproved"


def test_approvals_are_of_this_very_revision(written: Files) -> None:
    """After an edit they are approvals of something else."""
    approved = _approved(written, BOB, CAROL)
    edited = {**approved, "data.json": b'{"house": {"limit": 8}}'}
    stamped = {**edited, ".manifest": manifests.stamped(edited, json.loads(approved[".manifest"]))}
    assert _refused(stamped, TWO) == "bundle.unapproved"
    assert _refused(edited, TWO) in {"bundle.unapproved", "bundle.modified"}
    assert _refused(_by("bob", approved), TWO) == "bundle.unapproved"


def test_two_names_with_one_key_are_one_person(written: Files) -> None:
    """Neither do they approve twice, nor does the author approve by another name."""
    for twin in ("bob", "alice"):
        original = BOB if twin == "bob" else ALICE
        second = Pair(type(original.key).parse(original.private_pem, "second"), b"", b"")
        people = {**PEOPLE, "second": second.public}
        assert (
            _refused(_approved(written, BOB, second), Trust(people=people, approvals=2))
            == "bundle.unapproved"
        )


def test_strangers_approve_nothing(written: Files) -> None:
    """A name that isn't in the settings, or a known name with another key; the message says which."""
    impostor = pair(key_id="carol")
    assert _refused(_approved(written, BOB, DAVE), TWO) == "bundle.unapproved"
    with pytest.raises(BundleError, match="'carol'"):
        bundle.from_files(_approved(written, BOB, impostor), TWO)


def test_an_author_is_named_and_known(files: Files) -> None:
    """Whoever could leave the author out, or name nobody, could approve their own work."""
    assert _refused(_approved(files, BOB, CAROL), TWO) == "bundle.unapproved"
    assert _refused(_approved(_by("dave", files), BOB, CAROL), TWO) == "bundle.unapproved"


def test_nobody_is_made_an_author_by_others(files: Files) -> None:
    """Whoever writes somebody else's name as the author can't approve in their own: the author signs, too."""
    unsigned = _by("alice", files)
    assert _refused(_approved(unsigned, BOB, CAROL), TWO) == "bundle.unapproved"
    by_bob = _approved(unsigned, BOB, role="author")
    assert _refused(_approved(by_bob, BOB, CAROL), TWO) == "bundle.unapproved"
    assert bundle.from_files(_approved(_approved(unsigned, ALICE, role="author"), BOB, CAROL), TWO).files


def test_whoever_signs_as_author_does_not_approve(written: Files) -> None:
    """Also when the manifest names somebody else as the author; and an author's word is no approval."""
    assert _refused(_approved(_approved(written, BOB, role="author"), BOB, CAROL), TWO) == "bundle.unapproved"
    assert _refused(_approved(_approved(written, CAROL), BOB, role="author"), TWO) == "bundle.unapproved"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.json", b'{"house": {"limit": 9}}'),  # a namesake: which one was signed?
        ("/data.json", b'{"house": {"limit": 9}}'),
        ("./data.json", b'{"house": {"limit": 9}}'),
        (".signatures.json", b"{}"),
        ("../data.json", b"{}"),
        ("gateway/more.rego", b"package gateway.more\n"),
        ("patch.json", b'{"data": []}'),
        ("README.md", b"harmless"),
    ],
)
def test_nothing_is_slipped_into_a_signed_archive(
    name: str, content: bytes, files: Files, tmp_path: Path
) -> None:
    """Whatever is added behind the signed files, the archive is refused as a whole."""
    signed = gzip.decompress(pack(signatures.signed(files, RELEASE.key)))
    tarred = io.BytesIO(signed)
    with tarfile.open(fileobj=tarred, mode="a:") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    path = tmp_path / "b.tar.gz"
    trust = Trust(keys={"release": RELEASE.public})
    path.write_bytes(gzip.compress(signed))
    assert bundle.read(path, trust).revision == bundle.from_files(files).revision
    path.write_bytes(gzip.compress(tarred.getvalue()))
    with pytest.raises(BundleError) as raised:
        bundle.read(path, trust)
    assert raised.value.code in {"bundle.malformed", "bundle.signature", "bundle.unknown_file"}


def test_signature_and_approvals_are_both_asked_for(written: Files) -> None:
    """The release key signs the bundle with its approvals in it; it can't stand in for them."""
    trust = Trust(keys={"release": RELEASE.public}, people=PEOPLE, approvals=2)
    approved = _approved(written, BOB, CAROL)
    assert bundle.from_files(signatures.signed(approved, RELEASE.key), trust).files
    assert _refused(signatures.signed(written, RELEASE.key), trust) == "bundle.unapproved"
    assert _refused(approved, trust) == "bundle.signature"
    signed = signatures.signed(written, RELEASE.key)
    slipped_in = {**signed, ".manifest": approved[".manifest"]}
    assert _refused(slipped_in, trust) == "bundle.signature"
