"""Pins evidence packs: what they prove, and that nothing in them can be changed, left out or added."""

import hmac
import json
import tarfile
from base64 import b64encode, urlsafe_b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from audit.verify.asked import open_log
from audit.verify.check import verify
from audit.verify.terms import Terms
from audit.verify.trust import read_policy
from audit.verify.verdict import Report, Verdict
from tests.audit.verify.builder import (
    ORIGIN,
    WITNESS,
    Sample,
    Scribe,
    checkpoint,
    honest,
    receipt,
    relink,
    witnessed,
)
from tests.audit.verify.packer import Files, consistency_file, ranged, singles, write

SIZE = len(honest().entries)


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Make the honest log."""
    return honest()


@pytest.fixture(scope="module")
def signed(sample: Sample) -> bytes:
    """Return its checkpoint, cosigned."""
    return checkpoint(sample.entries, cosigned=[(WITNESS, sample.now_s)])


def check(folder: Path, files: Files, span: tuple[int, int] | None, **terms: Any) -> Report:
    """Write a pack of the honest log, and check it by a policy that wants the witness."""
    write(folder, files, ORIGIN, SIZE, span)
    return verify(folder, Terms(policy=read_policy(witnessed()), **terms))


def words(report: Report) -> str:
    """Return all findings as one text."""
    return "\n".join(each.what for each in report.findings)


@pytest.mark.parametrize("span", [(0, SIZE), (0, 9), (9, SIZE), (7, 21), (16, 17), (SIZE - 1, SIZE)])
def test_a_range_leads_to_the_root(
    span: tuple[int, int], sample: Sample, signed: bytes, tmp_path: Path
) -> None:
    """Every entry of it is there, and the report says what the pack leaves out."""
    report = check(tmp_path, ranged(sample.entries, *span, signed), span)
    assert (report.verdict, report.findings, report.records) == (Verdict.VERIFIED, [], span[1] - span[0])
    outside = any("outside of the pack" in line for line in report.unproven)
    assert outside is (span != (0, SIZE))


def test_a_filtered_range_shows_some_and_proves_where_the_others_stand(
    sample: Sample, signed: bytes, tmp_path: Path
) -> None:
    """Of what is not shown only the places are known, and that is said."""
    report = check(tmp_path, ranged(sample.entries, 4, 40, signed, [5, 9, 39]), (4, 40))
    assert (report.verdict, report.records) == (Verdict.VERIFIED, 3)
    assert any("of 33 entries of the range only their places" in line for line in report.unproven)


def test_a_pack_without_entries_proves_nothing(sample: Sample, signed: bytes, tmp_path: Path) -> None:
    """Else a checkpoint alone would pass for a log, before an auditor who kept it, too."""
    report = check(tmp_path, singles(sample.entries, [], signed), None, kept=(signed,))
    assert (report.verdict, words(report)) == (
        Verdict.CANNOT_CHECK,
        "it has no entries, so it proves nothing",
    )


def test_single_entries_have_a_proof_each(sample: Sample, signed: bytes, tmp_path: Path) -> None:
    """In any choice, in the order of the log."""
    report = check(tmp_path, singles(sample.entries, [0, 13, SIZE - 1], signed), None)
    assert (report.verdict, report.records) == (Verdict.VERIFIED, 3)


@pytest.mark.parametrize("packed", ["w", "w:gz"])
def test_a_pack_may_be_one_archive(packed: Any, sample: Sample, signed: bytes, tmp_path: Path) -> None:
    """A tar of the folder, compressed or not, says the same."""
    write(tmp_path / "pack", ranged(sample.entries, 3, 30, signed), ORIGIN, SIZE, (3, 30))
    with tarfile.open(tmp_path / "pack.tar", packed) as archive:
        archive.add(tmp_path / "pack", arcname=".")
    with closing(open_log(str(tmp_path / "pack.tar"))) as log:
        report = verify(log, Terms(policy=read_policy(witnessed())))
    assert (report.verdict, report.records) == (Verdict.VERIFIED, 27)


def spoil(files: Files, path: str, before: bytes, after: bytes) -> None:
    """Change a file before the manifest is made: as somebody does who makes a false pack."""
    assert before in files[path]
    files[path] = files[path].replace(before, after, 1)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("entries.jsonl", b'"team":"hr"', b'"team":"it"'),
        ("entries.jsonl", b"}\n", b"} \n"),
        ("index.txt", b"9\n", b"09\n"),
        ("index.txt", b"9\n", b"8\n"),
        ("index.txt", b"9\n", b""),
        ("range.proof", b"7 21", b"7 22"),
        ("range.proof", b"range/v1", b"range/v2"),
        ("range.proof", b"=\n", b"=\n\n"),
        ("checkpoint", f"\n{SIZE}\n".encode(), f"\n{SIZE + 1}\n".encode()),
    ],
)
def test_a_false_pack_is_found_out(
    path: str, before: bytes, after: bytes, sample: Sample, signed: bytes, tmp_path: Path
) -> None:
    """The manifest fits what was changed, and the proofs do not."""
    files = ranged(sample.entries, 7, 21, signed)
    spoil(files, path, before, after)
    assert check(tmp_path, files, (7, 21)).verdict is Verdict.TAMPERED


def test_a_false_filtered_or_single_pack_is_found_out(sample: Sample, signed: bytes, tmp_path: Path) -> None:
    """An entry that is not the one of its hash, a hash too few or too many, a proof of another entry."""
    shown = ranged(sample.entries, 4, 40, signed, [5, 9])
    for number, change in enumerate(
        [
            {"entries.jsonl": shown["entries.jsonl"].replace(b'"v":1', b'"v":2', 1)},
            {"leaves.bin": shown["leaves.bin"][:-32]},
            {"leaves.bin": shown["leaves.bin"][:-1]},
            {"leaves.bin": shown["leaves.bin"] + bytes(32)},
            {"leaves.bin": bytes(32) + shown["leaves.bin"][32:]},
            {"index.txt": b"5\n99\n"},
        ]
    ):
        assert check(tmp_path / str(number), shown | change, (4, 40)).verdict is Verdict.TAMPERED, number
    single = singles(sample.entries, [2, 13], signed)
    swapped = {"proofs/2.tlog-proof": single["proofs/13.tlog-proof"]}
    assert check(tmp_path / "swapped", single | swapped, None).verdict is Verdict.TAMPERED
    del single["proofs/2.tlog-proof"]
    assert check(tmp_path / "missing", single, None).verdict is Verdict.TAMPERED


def test_a_pack_has_the_files_of_its_manifest(sample: Sample, signed: bytes, tmp_path: Path) -> None:
    """Nothing more, nothing less, nothing else."""
    files = ranged(sample.entries, 7, 21, signed)
    terms = Terms(policy=read_policy(witnessed()))
    assert check(tmp_path, files, (7, 21)).verdict is Verdict.VERIFIED
    (tmp_path / "more.txt").write_text("x")
    assert verify(tmp_path, terms).verdict is Verdict.TAMPERED
    (tmp_path / "more.txt").unlink()
    (tmp_path / "range.proof").unlink()
    assert verify(tmp_path, terms).verdict in {Verdict.TAMPERED, Verdict.INCOMPLETE}
    write(
        tmp_path / "none",
        {name: data for name, data in files.items() if name != "checkpoint"},
        ORIGIN,
        SIZE,
        None,
    )
    assert verify(tmp_path / "none", terms).verdict is Verdict.CANNOT_CHECK


@pytest.mark.parametrize("span", [(0, 0), (9, 7), (0, SIZE + 1), (-1, 3)])
def test_a_range_that_is_none_is_refused(
    span: tuple[int, int], sample: Sample, signed: bytes, tmp_path: Path
) -> None:
    """Empty, backwards, or outside of the tree."""
    assert check(tmp_path, ranged(sample.entries, 0, 9, signed), span).verdict is Verdict.TAMPERED


def test_what_was_kept_is_followed_by_a_consistency_proof(
    sample: Sample, signed: bytes, tmp_path: Path
) -> None:
    """Inside of the range none is needed; outside, without one, the pack can't be held to it."""
    span, kept = (20, 30), (checkpoint(sample.entries[:11]),)
    files = ranged(sample.entries, *span, signed)
    assert check(tmp_path / "none", files, span, kept=kept).verdict is Verdict.CANNOT_CHECK
    proof = consistency_file(sample.entries, 11)
    report = check(tmp_path / "proof", files | proof, span, kept=kept)
    assert (report.verdict, report.kept) == (Verdict.VERIFIED, 1)
    earlier = {"checkpoints/11.note": kept[0]}
    assert check(tmp_path / "earlier", files | proof | earlier, span).verdict is Verdict.VERIFIED
    assert check(tmp_path / "unled", files | earlier, span).verdict is Verdict.CANNOT_CHECK
    forked = (checkpoint([*sample.entries[:10], b"other"]),)
    assert check(tmp_path / "forked", files | proof, span, kept=forked).verdict is Verdict.TAMPERED
    inside = (checkpoint(sample.entries[:25]), checkpoint(sample.entries))
    assert check(tmp_path / "inside", files, span, kept=inside).kept == 2
    broken = (checkpoint([*sample.entries[:24], b"other"]),)
    assert check(tmp_path / "broken", files, span, kept=broken).verdict is Verdict.FORKED


def test_records_of_a_pack_are_checked_as_far_as_they_go(
    sample: Sample, signed: bytes, tmp_path: Path
) -> None:
    """Numbers go on inside of the range; a request may end outside of it."""
    decision = next(at for at, entry in enumerate(sample.entries) if b'"action":"allow"' in entry)
    report = check(tmp_path / "a", ranged(sample.entries, 3, decision + 1, signed), (3, decision + 1))
    assert (report.verdict, any("outside of the pack" in note for note in report.notes)) == (
        Verdict.VERIFIED,
        True,
    )
    records = [json.loads(entry) for entry in sample.entries]
    records[12]["wseq"] = 99
    entries = [json.dumps(each, separators=(",", ":"), sort_keys=True).encode() for each in records]
    other = checkpoint(entries, cosigned=[(WITNESS, sample.now_s)])
    report = check(tmp_path / "b", ranged(entries, 9, 20, other), (9, 20))
    assert (report.verdict, "numbered 0/99" in words(report)) == (Verdict.TAMPERED, True)


def test_receipts_in_a_pack_are_for_its_records(sample: Sample, signed: bytes, tmp_path: Path) -> None:
    """Of a record outside of the pack, a pack can't say that it is missing."""
    first, second = sample.receipted
    span = (first - 3, first + 1)
    files = ranged(sample.entries, *span, signed)
    inside = {"receipts/one.txt": receipt(sample.entries[first]).encode() + b"\n"}
    assert check(tmp_path / "inside", files | inside, span).verdict is Verdict.VERIFIED
    outside = (receipt(sample.entries[second]),)
    assert check(tmp_path / "outside", files, span, receipts=outside).verdict is Verdict.CANNOT_CHECK
    whole, lost = ranged(sample.entries, 0, SIZE, signed), receipt(sample.entries[first] + b" ")
    report = check(tmp_path / "whole", whole, (0, SIZE), receipts=(lost,))
    assert report.verdict is Verdict.RECEIPT_MISSING


def test_disclosed_payloads_open_their_commitments(tmp_path: Path) -> None:
    """Asked to look deep: nonce and payload are what the record committed to, or the pack is false."""
    nonce, payload = bytes(range(32)), b"the prompt"
    commitments = [
        "h1:" + urlsafe_b64encode(hmac.digest(nonce, label + b"\0" + payload, "sha256")).rstrip(b"=").decode()
        for label in (b"req", b"input")
    ]
    scribe = Scribe()
    scribe.open("w0")
    facts = {"action": "deny", "final": True}
    fields = {"payload": {"req": {"c": commitments[0], "n": 10}}, "policy": {"input_commit": commitments[1]}}
    key = scribe.add("w0", "decision", decision=facts, **fields)
    scribe.head("w0")
    entries = relink(scribe.records)
    signed = checkpoint(entries, cosigned=[(WITNESS, 5)])
    terms = Terms(policy=read_policy(witnessed()), deep=True)
    files: Files = {}
    for number, (record, label, said, verdict) in enumerate(
        [
            (key, "req", payload, Verdict.VERIFIED),
            (key, "input", payload, Verdict.VERIFIED),
            (key, "req", b"another", Verdict.TAMPERED),
            (key, "resp", payload, Verdict.TAMPERED),
            ("0" * 32, "req", payload, Verdict.TAMPERED),
        ]
    ):
        line = {
            "record": record,
            "label": label,
            "nonce": b64encode(nonce).decode(),
            "payload": b64encode(said).decode(),
        }
        files = ranged(entries, 0, len(entries), signed) | {
            "disclosed.jsonl": json.dumps(line).encode() + b"\n"
        }
        folder = write(tmp_path / str(number), files, ORIGIN, len(entries), (0, len(entries)))
        assert verify(folder, terms).verdict is verdict, number
        assert verify(folder, Terms(policy=terms.policy)).verdict is Verdict.VERIFIED
    files["disclosed.jsonl"] = b"{}\n"
    folder = write(tmp_path / "none", files, ORIGIN, len(entries), (0, len(entries)))
    assert verify(folder, terms).verdict is Verdict.CANNOT_CHECK
