"""Pins whose word counts: keys and their changes, witnesses, kept checkpoints, age, receipts."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit.verify import notes
from audit.verify.check import verify
from audit.verify.terms import Terms
from audit.verify.trust import read_policy
from audit.verify.verdict import Report, Verdict
from audit.verify.words import describe
from tests.audit.verify.builder import (
    LOG,
    LOG_MLDSA,
    ORIGIN,
    WITNESS,
    Sample,
    Scribe,
    Signer,
    checkpoint,
    honest,
    policy,
    publish,
    receipt,
    relink,
    witnessed,
)


class OtherKey(Signer):
    """Another key of the same name."""

    def __init__(self, kind: int = 1) -> None:
        super().__init__(ORIGIN + "/next", kind)
        self.name = ORIGIN
        self.id = sha256(self.name.encode() + b"\n" + self.public).digest()[:4]


NEXT = OtherKey()


@pytest.fixture
def sample() -> Sample:
    """Make the honest log."""
    return honest()


def check(
    folder: Path, sample: Sample, signed: bytes | None = None, trust: bytes | None = None, **terms: Any
) -> Report:
    """Check the honest log, signed as given, by a policy or by its own key."""
    signed = checkpoint(sample.entries) if signed is None else signed
    publish(folder, sample.entries, signed, sample.origin_json)
    (folder / "log.vkey").write_text(f"{LOG.vkey}\n{LOG_MLDSA.vkey}\n", encoding="utf-8")
    found = read_policy(trust) if trust else None
    return verify(folder, Terms(policy=found, now_us=sample.now_s * 1_000_000, **terms))


def rotation(old: Signer, new: Signer, origin: str = ORIGIN) -> bytes:
    """Return the note by which an old key names a new one."""
    text = f"regent.rotation/v1\n{origin}\n{new.vkey}\n"
    return (text + "\n" + old.line(text)).encode()


def test_without_a_policy_it_is_the_operators_word(sample: Sample, tmp_path: Path) -> None:
    """The key comes from the log itself, and the report says so; a quorum of nobody changes nothing."""
    report = check(tmp_path, sample)
    assert (report.verdict, report.findings) == (Verdict.OPERATOR_ASSERTED, [])
    assert any("read from the log itself" in line for line in describe(report))
    assert check(tmp_path, sample, trust=policy()).verdict is Verdict.OPERATOR_ASSERTED


def test_a_quorum_of_witnesses_verifies(sample: Sample, tmp_path: Path) -> None:
    """One cosignature is what this policy wants; without it the checkpoint isn't one by the policy."""
    signed = checkpoint(sample.entries, cosigned=[(WITNESS, sample.now_s)])
    report = check(tmp_path, sample, signed, witnessed())
    assert (report.verdict, report.witnessed) == (Verdict.VERIFIED, True)
    assert check(tmp_path, sample, trust=witnessed()).verdict is Verdict.UNWITNESSED


def test_required_witnesses_need_a_policy_that_names_some(sample: Sample, tmp_path: Path) -> None:
    """Asked for witnesses, a policy of none is not enough, whatever was kept."""
    kept = (checkpoint(sample.entries[:9]),)
    assert check(tmp_path, sample, trust=policy(), kept=kept).verdict is Verdict.VERIFIED
    for trust in (None, policy()):
        report = check(tmp_path, sample, trust=trust, kept=kept, require_witness=True)
        assert report.verdict is Verdict.UNWITNESSED


@pytest.mark.parametrize(
    ("ago_s", "verdict"),
    [
        (0, Verdict.VERIFIED),
        (599, Verdict.VERIFIED),
        (601, Verdict.STALE),
        (-299, Verdict.VERIFIED),
        (-301, Verdict.STALE),
    ],
)
def test_a_quorum_must_have_seen_the_log_lately(
    ago_s: int, verdict: Verdict, sample: Sample, tmp_path: Path
) -> None:
    """Asked for ten minutes; a time in the future, beyond what clocks differ by, counts as none."""
    signed = checkpoint(sample.entries, cosigned=[(WITNESS, sample.now_s - ago_s)])
    assert check(tmp_path, sample, signed, witnessed(), max_age_s=600).verdict is verdict


def test_without_witnesses_the_age_is_by_the_logs_own_times(sample: Sample, tmp_path: Path) -> None:
    """Its latest record tells; and the report, whose word that is."""
    fresh = check(tmp_path, sample, max_age_s=600)
    assert (fresh.verdict, any("operator's word" in note for note in fresh.notes)) == (
        Verdict.OPERATOR_ASSERTED,
        True,
    )
    sample.now_s += 700
    assert check(tmp_path, sample, max_age_s=600).verdict is Verdict.STALE
    signed = checkpoint(sample.entries, cosigned=[(LOG_MLDSA, sample.now_s)])
    assert check(tmp_path, sample, signed, max_age_s=600).verdict is Verdict.OPERATOR_ASSERTED


def test_the_second_key_signs_too(sample: Sample, tmp_path: Path) -> None:
    """An ML-DSA-44 line that does not verify condemns the checkpoint; one that is missing is noted."""
    other = (
        checkpoint(sample.entries[:9], cosigned=[(LOG_MLDSA, 5)])
        .split(b"\n\n")[1]
        .splitlines(keepends=True)[1]
    )
    assert check(tmp_path, sample, checkpoint(sample.entries) + other).verdict is Verdict.TAMPERED
    report = check(tmp_path, sample)
    assert any("further keys" in note for note in report.notes)
    only = policy(f"log {LOG_MLDSA.vkey}", "quorum none")
    text = checkpoint(sample.entries).split(b"\n\n")[0].decode() + "\n"
    signed = (text + "\n" + LOG_MLDSA.line(text, 5)).encode()
    assert check(tmp_path, sample, signed, only).verdict is Verdict.OPERATOR_ASSERTED


def test_without_the_package_nothing_is_claimed(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature that cannot be checked is neither good nor bad: 40."""
    monkeypatch.setattr(notes, "_public_key_class", lambda kind: None)
    assert check(tmp_path, sample).verdict is Verdict.CANNOT_CHECK


@pytest.mark.parametrize(
    ("vkey", "verdict"),
    [
        ("", Verdict.CANNOT_CHECK),
        ("nonsense\n", Verdict.CANNOT_CHECK),
        (f"{LOG.vkey}\n{WITNESS.vkey}\n", Verdict.CANNOT_CHECK),
        (f"{NEXT.vkey}\n", Verdict.TAMPERED),
    ],
)
def test_a_log_without_its_key_cannot_be_checked(
    vkey: str, verdict: Verdict, sample: Sample, tmp_path: Path
) -> None:
    """No key, no key that can be read, keys of two logs, or another key than signed."""
    check(tmp_path, sample)
    (tmp_path / "log.vkey").write_text(vkey, encoding="utf-8")
    assert verify(tmp_path).verdict is verdict


def test_a_policy_of_several_logs_takes_the_one_that_signed(sample: Sample, tmp_path: Path) -> None:
    """The name in the checkpoint chooses, and the key of that name must have signed."""
    other = Signer("other.example", 1)
    assert check(tmp_path, sample, trust=policy(f"log {other.vkey}", "quorum none")).findings == []
    assert check(tmp_path, sample, trust=policy(log=other)).verdict is Verdict.TAMPERED


def test_changed_keys_are_followed_from_the_trusted_one(sample: Sample, tmp_path: Path) -> None:
    """Each new key is named by one before it; kept checkpoints may be signed by the older ones."""
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "rotations.notes"
    third = OtherKey(6)
    path.write_bytes(rotation(LOG, NEXT) + b"---\n" + rotation(NEXT, third))
    text = checkpoint(sample.entries).split(b"\n\n")[0].decode() + "\n"
    signed = (text + "\n" + NEXT.line(text) + third.line(text, 5)).encode()
    kept = (checkpoint(sample.entries[:9]),)
    report = check(tmp_path, sample, signed, policy(), kept=kept)
    assert (report.verdict, report.findings) == (Verdict.VERIFIED, [])
    path.write_bytes(rotation(Signer("thief.example", 1), NEXT))
    assert check(tmp_path, sample, signed, policy(), kept=kept).verdict is Verdict.TAMPERED
    path.unlink()
    assert check(tmp_path, sample, signed, policy(), kept=kept).verdict is Verdict.TAMPERED


@pytest.mark.parametrize(
    ("note", "verdict"),
    [
        (rotation(LOG, NEXT), Verdict.VERIFIED),
        (rotation(NEXT, NEXT), Verdict.TAMPERED),
        (b"", Verdict.TAMPERED),
    ],
    ids=["signed in", "by another", "no note"],
)
def test_without_a_policy_a_retired_key_counts_that_signed_in_the_next(
    note: bytes, verdict: Verdict, sample: Sample, tmp_path: Path
) -> None:
    """For what it signed before the change: kept checkpoints, receipts, the checkpoint until the next one."""
    publish(tmp_path, sample.entries, checkpoint(sample.entries), sample.origin_json)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "rotations.notes").write_bytes(note)
    (tmp_path / "keys" / "retired.vkeys").write_text(f"{LOG.vkey}\nnonsense\n", encoding="utf-8")
    (tmp_path / "log.vkey").write_text(f"{NEXT.vkey}\n", encoding="utf-8")
    kept = (checkpoint(sample.entries[: sample.kept]),)
    report = verify(tmp_path, Terms(kept=kept, receipts=tuple(sample.receipts)))
    assert report.verdict is verdict


@pytest.mark.parametrize(
    "note",
    [
        b"nonsense",
        rotation(NEXT, OtherKey(6)),
        rotation(LOG, NEXT, origin="other.example"),
        rotation(LOG, Signer("other.example", 1)),
        rotation(LOG, OtherKey(4)),
    ],
)
def test_a_rotation_that_is_none_is_tampering(note: bytes, sample: Sample, tmp_path: Path) -> None:
    """Not signed by a trusted key, of another log, or to a key that cannot sign for it."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "rotations.notes").write_bytes(note)
    assert check(tmp_path, sample, trust=policy()).verdict is Verdict.TAMPERED


def test_changes_before_the_trusted_key_prove_nothing(sample: Sample, tmp_path: Path) -> None:
    """Whoever begins with a later key can't check who signed it in; but what is there must lead to it."""
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "rotations.notes"
    stranger = Signer("stranger.example", 1)
    path.write_bytes(rotation(stranger, NEXT) + b"---\n" + rotation(NEXT, LOG))
    report = check(tmp_path, sample, trust=policy())
    assert (report.verdict, report.findings) == (Verdict.OPERATOR_ASSERTED, [])
    path.write_bytes(rotation(NEXT, LOG) + b"---\n" + rotation(stranger, LOG))
    assert check(tmp_path, sample, trust=policy()).verdict is Verdict.TAMPERED


def test_a_record_of_a_changed_key_holds_the_note(tmp_path: Path) -> None:
    """The old key that the record names must have signed the new one."""
    for note, verdict in (
        (rotation(LOG, NEXT), Verdict.OPERATOR_ASSERTED),
        (rotation(NEXT, LOG), Verdict.TAMPERED),
    ):
        scribe = Scribe()
        scribe.open("w0")
        scribe.add("w0", "key.rotate", old=LOG.vkey, new=NEXT.vkey, note=b64encode(note).decode())
        scribe.head("w0")
        entries = relink(scribe.records)
        folder = publish(tmp_path / verdict.name, entries, checkpoint(entries), scribe.origin_json)
        assert verify(folder, Terms(policy=read_policy(policy()))).verdict is verdict


def test_a_fork_leaves_evidence_of_both_signed_statements(sample: Sample, tmp_path: Path) -> None:
    """Whoever reads it can verify both with the log's key, and compute that they contradict each other."""
    other = [*sample.entries[:8], b"something else"]
    report = check(tmp_path, sample, kept=(checkpoint(other),))
    assert (report.verdict, report.kept) == (Verdict.FORKED, 0)
    assert checkpoint(other).decode() in report.evidence
    assert checkpoint(sample.entries).decode() in report.evidence


@pytest.mark.parametrize(
    ("kept", "verdict"),
    [
        (checkpoint([]), Verdict.OPERATOR_ASSERTED),
        (b"nonsense", Verdict.CANNOT_CHECK),
        (checkpoint([b"x"], NEXT), Verdict.CANNOT_CHECK),
        (checkpoint([b"x"] * 99), Verdict.FORKED),
    ],
)
def test_a_kept_checkpoint_that_proves_nothing_never_verifies(
    kept: bytes, verdict: Verdict, sample: Sample, tmp_path: Path
) -> None:
    """Of an empty log, of no log, of another key, or ahead of what is shown."""
    assert check(tmp_path, sample, kept=(kept,)).verdict is verdict


def test_checkpoints_that_the_log_keeps_are_held_against_it(sample: Sample, tmp_path: Path) -> None:
    """A log that published two histories convicts itself; so does one that hides its latest state."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "9.note").write_bytes(checkpoint(sample.entries[:9]))
    assert check(tmp_path, sample).findings == []
    (folder / "8.note").write_bytes(checkpoint([*sample.entries[:7], b"other"]))
    assert check(tmp_path, sample).verdict is Verdict.FORKED
    (folder / "8.note").write_bytes(checkpoint(sample.entries[:9]))
    assert check(tmp_path, sample).verdict is Verdict.TAMPERED
    (folder / "8.note").rename(folder / "99.note")
    (folder / "99.note").write_bytes(checkpoint([b"x"] * 99))
    assert check(tmp_path, sample).verdict is Verdict.FORKED


def test_receipts_are_kept_or_the_log_broke_its_word(sample: Sample, tmp_path: Path) -> None:
    """Each must be there when it is due, under the place that it was promised for."""
    assert check(tmp_path, sample, receipts=tuple(sample.receipts)).findings == []
    entry = sample.entries[sample.receipted[0]]
    lost = receipt(entry.replace(b'"legal"', b'"sales"'))
    report = check(tmp_path, sample, receipts=(lost,))
    assert report.verdict is Verdict.RECEIPT_MISSING
    assert any("another record" in each.what for each in report.findings)
    moved = receipt(entry).replace(" w0 ", " w1 ")
    assert check(tmp_path, sample, receipts=(moved,)).verdict is Verdict.CANNOT_CHECK


def test_a_receipt_that_is_not_due_is_no_failure(sample: Sample, tmp_path: Path) -> None:
    """The checkpoint is from before the promised time: a later one will tell."""
    late = sample.entries[-1].replace(b'"wseq"', b'"x":1,"wseq"')
    report = check(tmp_path, sample, receipts=(receipt(late, mmd_s=3_600),))
    assert not any(
        each.verdict is Verdict.RECEIPT_MISSING and "does not have" in each.what for each in report.findings
    )
    assert any("not due yet" in note for note in report.notes)


def test_a_log_that_ends_before_a_receipt_was_rolled_back_or_is_an_old_copy(
    sample: Sample, tmp_path: Path
) -> None:
    """By the auditor's clock the log's word is due: that everything in it is older is no excuse."""
    late = receipt(sample.entries[-1].replace(b'"wseq"', b'"x":1,"wseq"'), mmd_s=3_600)
    hours_later = (sample.now_s + 2 * 3_600) * 1_000_000
    publish(tmp_path, sample.entries, checkpoint(sample.entries), sample.origin_json)
    report = verify(tmp_path, Terms(policy=read_policy(policy()), receipts=(late,), now_us=hours_later))
    assert report.verdict is Verdict.RECEIPT_MISSING
    assert any("ends before it" in each.what for each in report.findings)


def test_a_bad_receipt_is_named_by_its_place(sample: Sample, tmp_path: Path) -> None:
    """Of many files, whoever looks for it needs file and line."""
    report = check(tmp_path, sample, receipts=("v1", "v2"), receipts_at=("a.txt:3", "b.txt:1"))
    assert [each.where for each in report.findings] == ["a.txt:3", "b.txt:1"]
    report = check(tmp_path, sample, receipts=("v1", "v2"))
    assert [each.where for each in report.findings] == ["receipt 1", "receipt 2"]


@pytest.mark.parametrize("line", ["", "v1", "v2 a b 0 0 x 0 0 0 x", "v1 " + "x " * 9, "v1 é b 0 0 x 0 0 0 x"])
def test_a_receipt_that_is_none_cannot_be_checked(line: str, sample: Sample, tmp_path: Path) -> None:
    """An empty line is nothing; anything else was meant to be checked."""
    report = check(tmp_path, sample, receipts=(line,))
    assert report.verdict is (Verdict.CANNOT_CHECK if line else Verdict.OPERATOR_ASSERTED)
