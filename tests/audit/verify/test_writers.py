"""Pins what the verifier finds in the logs of single writers, before anything of them was merged."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import audit
from audit import frames
from audit.canonical import encode
from audit.log import AuditLog
from audit.ports import Ports
from audit.record import Record, aborted
from audit.tlog.tree import leaf_hash, root_of
from audit.vault import nonces
from audit.vault.commitment import commit
from audit.verify.check import head
from audit.verify.check import verify as check
from audit.verify.terms import Terms
from audit.verify.verdict import Report, Verdict
from audit.verify.words import describe

OpenLog = Callable[..., AuditLog]
Make = Callable[..., Record]
Edit = Callable[[list[dict[str, Any]]], None]

ORIGIN = "regent.example/audit"
EMPTY = {"writer": "w0", "size": 0, "root": ""}


def verify(folder: Path, kept: dict[str, Any] | None = None) -> Report:
    """Check the writers' logs in a folder, against a head kept earlier if one is given."""
    return check(folder, Terms(heads=kept))


@pytest.fixture
async def whole(open_log: OpenLog, make_decision: Make, make_outcome: Make, folder: Path) -> Path:
    """Make a log of two boots with allowed, aborted and denied requests, closed in order."""
    for _ in range(2):
        async with open_log() as log:
            for number in range(3):
                allowed = make_decision(payload=[commit("req", b"x")], request_id=f"r{number}")
                await log.append(allowed)
                await log.append(make_outcome(allowed.id))
            allowed = make_decision()
            await log.append(allowed)
            await log.append(aborted(ref=allowed.id, reason_code="client.gone", total_us=1))
            log.append_soon(make_decision(action="deny"))
            log.auth_failure("auth.expired")
    return folder


def segment(folder: Path, writer: str = "w0") -> Path:
    """Return the one segment of a small log."""
    (path,) = (folder / "writers" / writer / "seg").glob("*.log")
    return path


def records_of(folder: Path) -> list[dict[str, Any]]:
    """Return the records of a small log."""
    return [json.loads(body) for _, body in frames.scan(segment(folder).read_bytes())]


def rewrite(folder: Path, edit: Edit, *, thorough: bool) -> None:
    """Change the records as the operator could; thorough: number and link them anew as well."""
    records = records_of(folder)
    edit(records)
    leaves: list[bytes] = []
    wseq = 0
    for record in records:
        if thorough:
            wseq = 0 if record["typ"] == "writer.open" else wseq
            record["wseq"] = wseq
            wseq += 1
            if "tree" in record:
                record["tree"] = {"size": len(leaves), "root": root_of(leaves).hex()}
        leaves.append(leaf_hash(encode(record)))
    segment(folder).write_bytes(b"".join(frames.pack(encode(record)) for record in records))


def swap(records: list[dict[str, Any]]) -> None:
    """Exchange two neighbours, but not their times."""
    times = [(each["t_us"], each["mono_us"]) for each in records]
    records[3], records[4] = records[4], records[3]
    for record, (t_us, mono_us) in zip(records, times, strict=True):
        record.update(t_us=t_us, mono_us=mono_us)


def found(report: Report) -> str:
    """Return all findings as one text."""
    return "\n".join(each.what for each in report.findings)


def test_a_whole_log_is_whole_by_the_operators_word(whole: Path) -> None:
    """Nobody signed anything yet: with a kept head too the exit code says no more than that."""
    alone = verify(whole)
    assert (alone.verdict, alone.findings, len(alone.notes)) == (Verdict.OPERATOR_ASSERTED, [], 1)
    report = verify(whole, head(alone))
    assert (report.verdict, report.kept) == (Verdict.OPERATOR_ASSERTED, 1)
    assert report.records == len(records_of(whole))
    assert report.heads[0].root == root_of(leaf_hash(encode(each)) for each in records_of(whole)).hex()


async def test_a_longer_log_extends_what_was_kept(
    whole: Path, open_log: OpenLog, make_decision: Make
) -> None:
    """New records, new boots and new writers are growth, not a fork."""
    kept = head(verify(whole))
    logs = [open_log(), open_log()]
    for log in logs:
        await log.append(make_decision(action="deny"))
        log.close()
    report = verify(whole, kept)
    assert (report.verdict, report.kept) == (Verdict.OPERATOR_ASSERTED, 1)
    assert [each.writer for each in report.heads] == ["w0", "w1"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(st.data())
def test_no_flipped_bit_passes(whole: Path, data: st.DataObject) -> None:
    """One bit anywhere in a segment or in origin.json, and the log is no longer clean."""
    path = data.draw(st.sampled_from([segment(whole), whole / "origin.json"]))
    before = path.read_bytes()
    bit = data.draw(st.integers(0, len(before) * 8 - 1))
    spoiled = bytearray(before)
    spoiled[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(spoiled))
    try:
        report = verify(whole)
    finally:
        path.write_bytes(before)
    assert report.verdict in {Verdict.TAMPERED, Verdict.INCOMPLETE, Verdict.CANNOT_CHECK}


@pytest.mark.parametrize(
    "edit",
    [
        lambda records: records.__delitem__(4),
        lambda records: records.insert(4, dict(records[3])),
        swap,
        lambda records: records[3].update(team="sales"),
        lambda records: records[3]["writer"].update(id="w7"),
        lambda records: records[3]["writer"].update(boot=7),
        lambda records: records[3].update(v=2),
        lambda records: records[5].update(mono_us=0),
        lambda records: records[3].update(id="no hex"),
        lambda records: records[3].pop("typ"),
        lambda records: records[0].update(origin="other.example"),
        lambda records: records.pop(0),
    ],
    ids=["deleted", "replayed", "reordered", "changed", "other writer", "other boot", "other version",
         "monotonic clock back", "no id", "no type", "other origin", "no open"],
)  # fmt: skip
def test_an_edit_that_leaves_the_links_alone_is_tampering(whole: Path, edit: Edit) -> None:
    """Numbers, boots and trees contradict what was changed, though each frame is whole."""
    rewrite(whole, edit, thorough=False)
    assert verify(whole).verdict == Verdict.TAMPERED


@pytest.mark.parametrize(
    "edit",
    [lambda records: records[3].update(team="sales"), swap, lambda records: records[3].update(t_us=1)],
    ids=["changed", "reordered", "back-dated"],
)
def test_a_thorough_operator_is_caught_by_a_kept_head_only(whole: Path, edit: Edit) -> None:
    """Numbered and linked anew, a changed log looks whole; against the kept head it is a fork."""
    kept = head(verify(whole))
    rewrite(whole, edit, thorough=True)
    alone = verify(whole)
    assert Verdict.TAMPERED not in {each.verdict for each in alone.findings}
    assert verify(whole, kept).verdict == Verdict.FORKED


def test_a_log_rolled_back_behind_the_kept_head_is_a_fork(whole: Path) -> None:
    """The second boot cut off, or the whole writer gone: shorter than what was kept."""
    kept = head(verify(whole))
    rewrite(whole, lambda records: records.__delitem__(slice(len(records) // 2, None)), thorough=False)
    (whole / "writers" / "w0" / "durable").unlink(missing_ok=True)  # an operator's second thought
    assert verify(whole).verdict == Verdict.OPERATOR_ASSERTED
    assert verify(whole, kept).verdict == Verdict.FORKED
    kept["writers"].append({"writer": "w5", "size": 3, "root": "00" * 32})
    assert "does not" in found(verify(whole, kept))


def test_a_missing_segment_is_noticed(whole: Path) -> None:
    """A segment that does not begin at record 0 follows nothing."""
    segment(whole).rename(segment(whole).with_name("000000000009.log"))
    assert verify(whole).verdict == Verdict.TAMPERED


def test_a_pipe_in_place_of_the_durable_mark_keeps_nobody_waiting(whole: Path) -> None:
    """It is not opened; this one would say that there are more records than there are."""
    path, count = whole / "writers" / "w0" / "durable", (99).to_bytes(8, "big")
    path.unlink()
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDWR)
    os.write(pipe, count + crc32(count).to_bytes(4, "big"))
    assert verify(whole).verdict is Verdict.OPERATOR_ASSERTED
    os.close(pipe)


def test_an_allowed_request_needs_exactly_one_end(whole: Path) -> None:
    """No end in a closed boot is incomplete, two are tampering, an end without a start is incomplete."""

    def outcomes(records: list[dict[str, Any]]) -> list[int]:
        return [index for index, each in enumerate(records) if each["typ"] == "outcome"]

    before = segment(whole).read_bytes()
    rewrite(whole, lambda records: records.__delitem__(outcomes(records)[0]), thorough=True)
    report = verify(whole)
    assert (report.verdict, "has no outcome" in found(report)) == (Verdict.INCOMPLETE, True)
    segment(whole).write_bytes(before)
    rewrite(
        whole,
        lambda records: records[outcomes(records)[1]].update(ref=records[outcomes(records)[0]]["ref"]),
        thorough=True,
    )
    assert verify(whole).verdict == Verdict.TAMPERED
    segment(whole).write_bytes(before)
    rewrite(whole, lambda records: records[outcomes(records)[0]].update(ref="0" * 32), thorough=True)
    assert "no record in this log allowed" in found(verify(whole))


async def test_a_request_of_a_living_writer_is_open_not_missing(
    open_log: OpenLog, make_decision: Make, folder: Path
) -> None:
    """A live log can be checked: what is under way is a note."""
    log = open_log()
    await log.append(make_decision())
    report = verify(folder)
    assert (report.verdict, report.findings) == (Verdict.OPERATOR_ASSERTED, [])
    assert any("still open" in note for note in report.notes)
    log.close()
    assert verify(folder).verdict == Verdict.INCOMPLETE


async def test_an_end_may_stand_in_another_writers_log(
    open_log: OpenLog, make_decision: Make, make_outcome: Make, folder: Path
) -> None:
    """Writers are read one after the other; what pairs is found in either order."""
    first, second = open_log(), open_log()
    allowed = [make_decision(), make_decision()]
    await second.append(allowed[0])
    await first.append(make_outcome(allowed[0].id))
    await first.append(allowed[1])
    await second.append(make_outcome(allowed[1].id))
    first.close()
    second.close()
    assert verify(folder).findings == []


def test_a_torn_end_is_incomplete_and_damage_before_the_end_is_tampering(whole: Path) -> None:
    """A crash explains a broken last frame; nothing explains a broken one with whole ones behind it."""
    data = segment(whole).read_bytes()
    segment(whole).write_bytes(data[:-5])
    assert verify(whole).verdict == Verdict.INCOMPLETE
    segment(whole).write_bytes(data[:40] + b"\xff" + data[41:])
    assert verify(whole).verdict == Verdict.TAMPERED


async def test_a_clock_that_stepped_back_is_told(
    open_log: OpenLog, make_decision: Make, folder: Path
) -> None:
    """An hour back makes times doubtful; half a second, as time services do, is no finding."""
    offset_us = 0

    def wall_us() -> int:
        return Ports().wall_us() + offset_us

    log = open_log(ports=Ports(wall_us=wall_us))
    offset_us = -500_000
    await log.append(make_decision(action="deny"))
    assert verify(folder).findings == []
    offset_us = -3_600_000_000
    await log.append(make_decision(action="deny"))
    log.close()
    report = verify(folder)
    assert (report.verdict, "stepped back by 3599.5 s" in found(report)) == (Verdict.INCOMPLETE, True)


def test_erasure_leaves_the_log_whole(whole: Path) -> None:
    """Nonces overwritten or the vault gone: the tree and the kept head hold."""
    kept = head(verify(whole))
    committed = [each["id"] for each in records_of(whole) if each.get("payload")]
    assert nonces.erase(whole / "vault", committed[0]) == 1
    assert (verify(whole, kept).findings, verify(whole, kept).kept) == ([], 1)
    shutil.rmtree(whole / "vault")
    assert (verify(whole, kept).findings, verify(whole, kept).kept) == ([], 1)


@pytest.mark.parametrize(
    ("kept", "verdict"),
    [
        ({}, Verdict.CANNOT_CHECK),
        ({"format": 1, "origin": "other.example", "writers": []}, Verdict.FORKED),
        ({"format": 1, "origin": "regent.example/audit", "writers": []}, Verdict.OPERATOR_ASSERTED),
        ({"format": 1, "origin": "regent.example/audit", "writers": [{}]}, Verdict.CANNOT_CHECK),
        (
            {
                "format": 1,
                "origin": "regent.example/audit",
                "writers": [{"writer": "w0", "size": 0, "root": ""}],
            },
            Verdict.CANNOT_CHECK,
        ),
    ],
)
def test_a_kept_head_that_proves_nothing_never_verifies(
    whole: Path, kept: dict[str, Any], verdict: Verdict
) -> None:
    """Exit code 0 needs a head that was really compared."""
    assert verify(whole, kept).verdict == verdict


def test_what_is_no_log_cannot_be_checked(tmp_path: Path, whole: Path) -> None:
    """No folder, no writers, another format: nothing is proven, and nothing is raised."""
    assert verify(tmp_path / "nothing").verdict == Verdict.CANNOT_CHECK
    shutil.rmtree(whole / "writers")
    assert verify(whole).verdict == Verdict.CANNOT_CHECK
    (whole / "origin.json").write_text('{"format": 2, "origin": "x"}')
    assert verify(whole).verdict == Verdict.CANNOT_CHECK


def test_words_say_what_was_not_proven_and_steer_no_terminal(whole: Path) -> None:
    """The report names the limits, and a hostile name is printed harmlessly."""
    alone, verified = verify(whole), verify(whole, head(verify(whole)))
    assert any("replaced the log whole" in line for line in describe(alone))
    assert not any("replaced the log whole" in line for line in describe(verified))
    rewrite(whole, lambda records: records[0].update(wseq="\x1b[2J"), thorough=False)
    assert not any("\x1b" in line for line in describe(verify(whole)))


def test_it_runs_with_the_standard_library_alone(whole: Path, tmp_path: Path) -> None:
    """The auditor's copy of the folder works without any installed package."""
    copy = tmp_path / "copy" / "audit"
    copy.mkdir(parents=True)
    source = Path(audit.__file__).parent
    shutil.copytree(source / "verify", copy / "verify")
    (copy / "__init__.py").touch()
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(head(verify(whole))))
    command = [sys.executable, "-S", "-m", "audit.verify", str(whole), "--since", str(kept)]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    alone["PYTHONPATH"] = str(copy.parent)
    done = subprocess.run(command, check=False, capture_output=True, env=alone)
    assert (done.returncode, done.stdout[:8], done.stderr) == (10, b"WHOLE, B", b"")
    done = subprocess.run([*command, "more"], check=False, capture_output=True, env=alone)
    assert (done.returncode, done.stderr[:6]) == (40, b"usage:")
