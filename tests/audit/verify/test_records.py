"""Pins what the records of a merged log must agree with, and what is only worth a note."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from audit.verify.check import head, verify
from audit.verify.terms import Entries, Terms
from audit.verify.verdict import Report, Verdict
from audit.verify.words import describe
from tests.audit.verify.builder import (
    LOG,
    SECOND_US,
    Record,
    Scribe,
    checkpoint,
    encode,
    honest,
    publish,
    relink,
)

Edit = Callable[[list[Record]], None]


def check(folder: Path, written: list[bytes], origin_json: bytes | None = None, **terms: Any) -> Report:
    """Publish entries as a log of its own key, and check it."""
    publish(folder, written, checkpoint(written), origin_json or honest().origin_json)
    (folder / "log.vkey").write_text(LOG.vkey + "\n", encoding="utf-8")
    return verify(folder, Terms(**terms))


def records() -> list[Record]:
    """Return the records of the honest log."""
    return [json.loads(entry) for entry in honest().entries]


def found(report: Report) -> str:
    """Return all findings as one text."""
    return "\n".join(f"{each.where}: {each.what}" for each in report.findings)


def at(records: list[Record], typ: str, number: int = 0) -> int:
    """Return the place of a record of one kind."""
    return [place for place, each in enumerate(records) if each["typ"] == typ][number]


def test_an_honest_log_has_no_finding(tmp_path: Path) -> None:
    """And the report tells each writer's head, but not the sequencer's."""
    report = check(tmp_path, honest().entries)
    assert (report.verdict, report.findings) == (Verdict.OPERATOR_ASSERTED, [])
    assert [each.writer for each in report.heads] == ["w0", "w1"]
    assert report.records == len(honest().entries)


def test_kept_heads_of_writers_hold_in_the_merged_log(tmp_path: Path) -> None:
    """What was kept before the first merge is extended by what was merged."""
    entries = honest().entries
    kept = head(check(tmp_path / "a", entries[:20]))
    assert check(tmp_path / "b", entries, heads=kept).verdict is Verdict.VERIFIED
    kept["writers"][0]["root"] = "00" * 32
    assert check(tmp_path / "c", entries, heads=kept).verdict is Verdict.FORKED


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda all_: all_[5]["writer"].update(boot=3), "numbered 3/"),
        (lambda all_: all_[5].update(wseq=77), "numbered 0/77"),
        (lambda all_: all_[5].update(v=2), "no record of version 1"),
        (lambda all_: all_[5].update(v=True), "no record of version 1"),
        (lambda all_: all_[5].update(t_us=1.5), "no record of version 1"),
        (lambda all_: all_[5].update(t_us="1"), "no record of version 1"),
        (lambda all_: all_[5].update(mono_us=0), "monotonic clock"),
        (lambda all_: all_[5].update(id=all_[4]["id"]), "stands in the log twice"),
        (lambda all_: all_[5].update(id="0" * 31), "no record of version 1"),
        (lambda all_: all_[5].pop("writer"), "no record of version 1"),
        (lambda all_: all_[5].update(writer={"id": ["w0"], "boot": 0}), "no record of version 1"),
        (lambda all_: all_[at(all_, "decision")].update(decision={}), "no record of version 1"),
        (lambda all_: all_[at(all_, "writer.head")].update(wseq=9), "sequencer numbered 9"),
        (lambda all_: all_[at(all_, "writer.head", 1)].update(mono_us=0), "monotonic clock"),
        (lambda all_: all_[at(all_, "writer.head")]["heads"][0].update(size=9), "states 9 records of w0"),
        (lambda all_: all_[at(all_, "writer.head")]["heads"][0].update(root="00"), "another root"),
        (lambda all_: all_[at(all_, "writer.head")]["heads"].pop(), "leaves out w1"),
        (lambda all_: all_[at(all_, "writer.head", 3)]["heads"].pop(), "leaves out w1"),
        (lambda all_: all_[at(all_, "writer.head", 5)]["heads"].pop(0), "leaves out w0"),
        (
            lambda all_: all_[at(all_, "writer.head")]["heads"].append({"id": "w0", "size": 1, "root": ""}),
            "names w0 twice",
        ),
        (
            lambda all_: all_[at(all_, "writer.head")]["heads"].append({"id": "w9", "size": 1, "root": ""}),
            "has no record before it",
        ),
        (
            lambda all_: all_[at(all_, "writer.head")].update(typ="decision"),
            "heads of writers and nothing else",
        ),
        (lambda all_: all_[5].update(typ="writer.head", heads=[], beat=False), "no record of version 1"),
        (lambda all_: all_[at(all_, "writer.open")].update(origin="x"), "another origin.json"),
        (lambda all_: all_[at(all_, "writer.open", 2)]["tree"].update(size=1), "written behind"),
        (lambda all_: all_[at(all_, "writer.close")]["tree"].update(root="00"), "written behind"),
        (lambda all_: all_[at(all_, "outcome", 1)].update(ref=all_[at(all_, "outcome")]["ref"]), "has ended"),
        (lambda all_: all_.insert(9, {"v": 1}), "no record of version 1"),
    ],
)
def test_what_does_not_agree_is_tampering(edit: Edit, words: str, tmp_path: Path) -> None:
    """Each rule is broken once, in a log that is otherwise numbered and linked anew."""
    all_ = [json.loads(entry) for entry in honest().entries]
    edit(all_)
    report = check(tmp_path, [encode(each) for each in all_])
    assert report.verdict is Verdict.TAMPERED
    assert words in found(report)


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b"nonsense",
        b'{"v":1} ',
        b'{"v":NaN}',
        b"[" * 60_000,
        b'{"v":1e400}',
        b"1" * 9_000,
    ],
)
def test_an_entry_that_is_no_record_is_tampering(entry: bytes, tmp_path: Path) -> None:
    """Whatever stands in an entry, it is reported and never raised; a foreign log has to be named as such."""
    entries = [*honest().entries, entry]
    report = check(tmp_path, entries)
    assert (report.verdict, "no record of version 1" in found(report)) == (Verdict.TAMPERED, True)
    foreign = check(tmp_path, entries, entries=Entries.ANY)
    assert (foreign.verdict, foreign.findings) == (Verdict.OPERATOR_ASSERTED, [])
    assert any("anything about what the entries say" in line for line in describe(foreign))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"typ": "gap", "gap": {"reason": "torn_tail", "bytes": 9}},
            "admits a gap: bytes 9, reason torn_tail",
        ),
        ({"typ": "outcome", "ref": "ab" * 16}, "no record in this log allowed"),
    ],
)
def test_what_the_log_admits_or_lacks_is_incomplete(
    fields: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """A gap, and an end without a beginning."""
    scribe = Scribe()
    scribe.open("w0")
    scribe.add("w0", **fields)
    scribe.head("w0")
    report = check(tmp_path, relink(scribe.records), scribe.origin_json)
    assert (report.verdict, words in found(report)) == (Verdict.INCOMPLETE, True)


def test_an_allow_without_an_end_is_incomplete_once_its_boot_is_over(tmp_path: Path) -> None:
    """While the writer may live it is under way; a close, or the next boot, ends that."""
    scribe = Scribe()
    scribe.open("w0")
    key = scribe.allow("w0")
    scribe.head("w0")
    living = check(tmp_path / "a", relink(scribe.records), scribe.origin_json)
    assert (living.verdict, living.findings) == (Verdict.OPERATOR_ASSERTED, [])
    assert any("still open" in note for note in living.notes)
    scribe.close("w0")
    scribe.head("w0")
    over = check(tmp_path / "b", relink(scribe.records), scribe.origin_json)
    assert (over.verdict, f"allowed by {key} has no outcome" in found(over)) == (Verdict.INCOMPLETE, True)


def test_the_end_of_a_request_may_come_before_its_beginning_in_the_merged_order(tmp_path: Path) -> None:
    """Another writer may end it, and may be merged earlier."""
    scribe = Scribe()
    scribe.open("w0")
    scribe.open("w1")
    key = scribe.allow("w1")
    scribe.end("w0", key)
    scribe.head("w0", "w1")
    allow = next(place for place, each in enumerate(scribe.records) if each["typ"] == "decision")
    scribe.records[allow], scribe.records[allow + 1] = scribe.records[allow + 1], scribe.records[allow]
    assert check(tmp_path, relink(scribe.records), scribe.origin_json).findings == []


def test_silence_while_writers_are_open_is_a_note(tmp_path: Path) -> None:
    """More than two minutes without an entry is told, and is no finding: the sequencer may have been down."""
    scribe = Scribe()
    scribe.open("w0")
    scribe.head("w0")
    scribe.now_us += 121 * SECOND_US
    scribe.head("w0", beat=True)
    report = check(tmp_path / "a", relink(scribe.records), scribe.origin_json)
    assert (report.findings, any("1 times no entry" in note for note in report.notes)) == ([], True)
    scribe.close("w0")
    scribe.now_us += 500 * SECOND_US
    scribe.head("w0")
    report = check(tmp_path / "b", relink(scribe.records), scribe.origin_json)
    assert any("1 times no entry" in note for note in report.notes)


def test_records_behind_the_last_head_and_other_modes_are_noted(tmp_path: Path) -> None:
    """What the sequencer has not stated yet, and that something weaker than strict was in force."""
    scribe = Scribe()
    scribe.open("w0")
    scribe.add("w0", "mode", mode="best_effort")
    report = check(tmp_path, relink(scribe.records), scribe.origin_json)
    assert report.findings == []
    assert any(
        "no head of the sequencer stands behind the last records of w0" in note for note in report.notes
    )
    assert any("best_effort" in note for note in report.notes)


def test_deep_wants_the_canonical_form(tmp_path: Path) -> None:
    """The same record in other bytes could be read otherwise by others: two values under one name."""
    entries = honest().entries
    entries.append(entries[-1].replace(b'"beat":true', b'"beat":true,"beat":true'))
    last = json.loads(entries[-1])
    entries[-1] = entries[-1].replace(b'"wseq":%d' % last["wseq"], b'"wseq":%d' % (last["wseq"] + 1))
    entries[-1] = entries[-1].replace(last["id"].encode(), sha256(b"other").hexdigest()[:32].encode())
    assert check(tmp_path / "a", entries).findings == []
    report = check(tmp_path / "b", entries, deep=True)
    assert (report.verdict, "no record" in found(report)) == (Verdict.TAMPERED, True)
    assert check(tmp_path / "c", honest().entries, deep=True).findings == []


def frame(body: bytes) -> bytes:
    """Return a record as it stands in a writer's segment."""
    size = len(body).to_bytes(4, "big")
    return size + crc32(body, crc32(size)).to_bytes(4, "big") + body


def lay_segments(folder: Path, name: str, entries: list[bytes]) -> Path:
    """Write a writer's own log of these entries, with zeros written ahead."""
    path = folder / "writers" / name / "seg" / "000000000000.log"
    path.parent.mkdir(parents=True)
    own = [entry for entry in entries if json.loads(entry)["writer"]["id"] == name]
    path.write_bytes(b"".join(frame(entry) for entry in own) + bytes(100))
    return path


def test_the_writers_own_logs_agree_with_the_merged_one(tmp_path: Path) -> None:
    """They may be ahead of it, and may not contradict it or be behind it."""
    sample = honest()
    merged = sample.entries[: sample.seen]
    paths = {name: lay_segments(tmp_path, name, sample.entries) for name in ("w0", "w1")}
    report = check(tmp_path, merged)
    assert report.findings == []
    assert any("5 records of the writers are not merged yet" in note for note in report.notes)
    data = paths["w0"].read_bytes()
    other = next(entry for entry in sample.entries if b'"team":"hr"' in entry and b'"id":"w0"' in entry)
    paths["w0"].write_bytes(data.replace(frame(other), frame(other.replace(b'"hr"', b'"it"'))))
    report = check(tmp_path, merged)
    assert (report.verdict, "not the record that the segments of w0 hold" in found(report)) == (
        Verdict.TAMPERED,
        True,
    )
    first = len(frame(next(entry for entry in sample.entries if b'"id":"w0"' in entry)))
    paths["w0"].write_bytes(data[:first])
    report = check(tmp_path, merged)
    assert (report.verdict, "the segments of w0 end before it" in found(report)) == (Verdict.INCOMPLETE, True)


def test_a_writer_that_counts_more_durable_records_than_it_has_lost_some(tmp_path: Path) -> None:
    """`durable` says how many a reader may rely on; fewer are there."""
    sample = honest()
    path = lay_segments(tmp_path, "w0", sample.entries)
    count = (99).to_bytes(8, "big")
    (path.parents[1] / "durable").write_bytes(count + crc32(count).to_bytes(4, "big"))
    report = check(tmp_path, sample.entries)
    assert (report.verdict, "counts 99 durable records" in found(report)) == (Verdict.INCOMPLETE, True)
    (path.parents[1] / "durable").write_bytes(count + b"none")
    assert check(tmp_path, sample.entries).findings == []
