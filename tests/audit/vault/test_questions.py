"""Pins the questions in the vault: found by their record, bound by its commitment, erased in place."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import frames
from audit.errors import LogUnavailable
from audit.log import AuditLog
from audit.ports import Ports
from audit.reading.recall import Recall, Recalled, Span
from audit.reading.stream import events
from audit.record import Record
from audit.vault import nonces, questions
from audit.vault.commitment import Commitment, commit
from audit.vault.questions import Questions
from audit.verify.check import verify
from audit.verify.verdict import Verdict

SEGMENT = "000000000000"


def asked(subject: str = "alice@acme.example", **more: Any) -> bytes:
    """A question as the gateway writes it."""
    return orjson.dumps({"version": 1, "subject": {"type": "user", "id": subject}, **more})


class Vault:
    """A vault of one segment, filled by hand."""

    def __init__(self, log: Path) -> None:
        self.folder = log / "vault"
        self.nonces = self.folder / "nonces" / "w0" / f"{SEGMENT}.bin"
        self.questions = self.folder / "questions" / "w0" / f"{SEGMENT}.bin"
        for path in (self.nonces, self.questions):
            path.parent.mkdir(parents=True)
        self.records: list[tuple[str, str]] = []

    def keep(self, *documents: bytes) -> None:
        """Keep some questions, each with a record of its own."""
        file = questions.QuestionFile(self.questions.parent, Ports())
        slots = nonces.NonceFile(self.nonces.parent, Ports())
        for document in documents:
            record, commitment = secrets.token_hex(16), commit("input", document)
            self.records.append((record, commitment.finish()["c"]))
            slots.append(SEGMENT, nonces.pack(record, (("input", commitment.nonce),)))
            file.append(SEGMENT, questions.pack([(record, document)]))
        slots.close()
        file.close()

    def erase(self, record_id: str) -> tuple[int, int]:
        """Erase what belongs to a record; return how many questions and nonces."""
        keys = {bytes.fromhex(record_id)}
        asked = questions.erase(self.folder, keys, Ports())
        return len(asked), nonces.erase_all(self.folder, keys, Ports())

    def read(self) -> list[bytes | str]:
        """What there is for each record."""
        found = Questions(self.folder, "w0", SEGMENT)
        try:
            return [found.get(*record) for record in self.records]
        finally:
            found.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """An empty vault."""
    return Vault(tmp_path)


def test_a_question_is_read_by_its_record(vault: Vault) -> None:
    """What was kept comes back, each to its own record; only its owner can read the file."""
    vault.keep(asked(), asked("bob"), asked("carol"))

    assert vault.read() == [asked(), asked("bob"), asked("carol")]
    assert vault.questions.stat().st_mode & 0o777 == 0o600


def test_erasing_a_record_leaves_nothing_of_its_question(vault: Vault) -> None:
    """Question and nonce go in place, the others stay, and a second time is harmless."""
    vault.keep(asked("alice"), asked("bob"))
    size = vault.questions.stat().st_size
    record, _ = vault.records[0]

    assert vault.erase(record) == (1, 1)
    assert vault.read() == ["erased", asked("bob")]
    assert b"alice" not in vault.questions.read_bytes()
    assert vault.questions.stat().st_size == size
    assert nonces.find(vault.folder, record, "input") is None
    assert vault.erase(record) == (1, 1)


def test_an_interrupted_erasure_is_finished_by_the_next_one(vault: Vault) -> None:
    """A crash after the state was written leaves the text; erasing again overwrites it."""
    vault.keep(asked("alice"))
    with vault.questions.open("r+b") as file:
        file.seek(28)
        file.write(b"\x02")

    assert vault.read() == ["erased"]
    assert vault.erase(vault.records[0][0])[0] == 1
    assert b"alice" not in vault.questions.read_bytes()


def test_erasing_a_subject_finds_all_of_its_questions(vault: Vault) -> None:
    """It goes by who asked, not by who is merely mentioned."""
    vault.keep(asked("alice"), asked("bob", note="alice"), asked("alice", context={"time": "t"}))
    other = "malice"
    vault.keep(asked(other))

    assert len(questions.erase(vault.folder, (), Ports(), "alice")) == 2
    assert vault.read() == ["erased", asked("bob", note="alice"), "erased", asked(other)]


def test_an_erased_nonce_is_enough(vault: Vault) -> None:
    """What can't be checked any more isn't used, even if it is still there."""
    vault.keep(asked())
    nonces.erase(vault.folder, vault.records[0][0])

    assert vault.read() == ["erased"]


@pytest.mark.parametrize("gone", ["nonces", "questions"])
def test_a_lost_file_is_told_from_an_erased_question(vault: Vault, gone: str) -> None:
    """Without the question, or without what would prove it, there is none."""
    vault.keep(asked())
    getattr(vault, gone).unlink()

    assert vault.read() == ["absent"]


@given(place=st.integers(32, 31 + len(asked())), bit=st.integers(0, 7))
def test_a_changed_question_is_never_used(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    """Whatever bit of it somebody flips, the commitment doesn't open."""
    vault = Vault(tmp_path_factory.mktemp("vault"))
    vault.keep(asked(), asked("bob"))
    data = bytearray(vault.questions.read_bytes())
    data[place] ^= 1 << bit
    vault.questions.write_bytes(data)

    assert vault.read() == ["altered", asked("bob")]


def test_a_live_logs_questions_are_found_as_they_come(vault: Vault) -> None:
    """A record that is read after its segment's questions were looked up isn't taken for one without."""
    vault.keep(asked("alice"))
    found = Questions(vault.folder, "w0", SEGMENT)
    assert found.get("0" * 32, "h1:") == "absent"
    vault.keep(asked("bob"))

    assert found.get(*vault.records[1]) == asked("bob")
    assert found.get(*vault.records[0]) == asked("alice")
    found.close()


def test_swapped_questions_are_not_used(vault: Vault) -> None:
    """A genuine question in another record's place is not that record's."""
    vault.keep(asked("alice"), asked("carol"))
    data = vault.questions.read_bytes()
    half = len(data) // 2
    vault.questions.write_bytes(data[:32] + data[half + 32 :] + data[half : half + 32] + data[32:half])

    assert vault.read() == ["altered", "altered"]


@given(place=st.integers(0, 27), bit=st.integers(0, 7))
def test_a_broken_head_loses_one_question_only(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    """Magic, id, length and checksum: whichever is damaged, what stands behind is found."""
    vault = Vault(tmp_path_factory.mktemp("vault"))
    vault.keep(asked(), asked("bob"), asked("carol"))
    data = bytearray(vault.questions.read_bytes())
    data[place] ^= 1 << bit
    vault.questions.write_bytes(data)

    assert vault.read() == ["absent", asked("bob"), asked("carol")]


@given(cut=st.integers(1, 31 + len(asked())))
def test_a_torn_end_is_cut_before_more_is_written(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """A kill in the middle of a question loses that one and hides none that follow."""
    vault = Vault(tmp_path_factory.mktemp("vault"))
    vault.keep(asked("alice"), asked())
    os.truncate(vault.questions, vault.questions.stat().st_size - cut)
    vault.keep(asked("bob"))

    assert vault.read() == [asked("alice"), "absent", asked("bob")]


def test_a_magic_beyond_the_window_is_found(vault: Vault) -> None:
    """The search for the next head goes on behind a long stretch of damage, also across two windows."""
    for size in (65_530, 65_536, 131_071):
        vault.questions.write_bytes(bytes(size))
        (record, document), commitment = (secrets.token_hex(16), asked()), commit("input", asked())
        slots = nonces.NonceFile(vault.nonces.parent, Ports())
        slots.append(SEGMENT, nonces.pack(record, (("input", commitment.nonce),)))
        slots.close()
        with vault.questions.open("ab") as file:
            file.write(questions.pack([(record, document)]))
        vault.records = [(record, commitment.finish()["c"])]

        assert vault.read() == [document]


def test_an_endless_question_is_not_kept(vault: Vault) -> None:
    """A bound holds whatever the gateway is made to ask."""
    vault.keep(asked(note="x" * questions.MAX_BYTES), asked("bob"))

    assert vault.read() == ["absent", asked("bob")]


# Through the log: what the writer keeps, and what is recalled.


def deciding(make: Callable[..., Record], question: bytes | None = None, **changes: Any) -> Record:
    """A decision record with its question."""
    commitment: Commitment | None = commit("input", question) if question else None
    return make(policy_input=commitment, question=question, **changes)


def recalled(folder: Path, **span: Any) -> list[Recalled]:
    """What a backtest gets to read."""
    return list(Recall(folder, Span(**span)))


async def test_the_log_keeps_questions_beside_its_records(
    tmp_path: Path, make_decision: Callable[..., Record], make_outcome: Callable[..., Record]
) -> None:
    """Decisions come back with their questions; other records and decisions without a policy don't matter."""
    async with AuditLog.open(tmp_path, "x.example/audit") as log:
        first = deciding(make_decision, asked(), path="gateway/request/decision")
        await log.append(first)
        await log.append(make_outcome(ref=first.id))
        await log.append(deciding(make_decision, team=None))
    one, other = recalled(tmp_path)

    assert (one.id, one.question, one.missing) == (first.id, asked(), "")
    assert (one.team, one.model, one.action, one.revision) == ("hr", "gpt-4o", "allow", "r1")
    assert (other.question, other.missing, other.team) == (None, "unasked", None)
    assert verify(tmp_path).verdict is not Verdict.TAMPERED


async def test_questions_need_not_be_kept(tmp_path: Path, make_decision: Callable[..., Record]) -> None:
    """`audit.questions: none` leaves the commitment and nothing else."""
    async with AuditLog.open(tmp_path, "x.example/audit", keep_questions=False) as log:
        await log.append(deciding(make_decision, asked()))
    (one,) = recalled(tmp_path)

    assert (one.question, one.missing) == (None, "absent")
    assert list((tmp_path / "vault" / "questions").rglob("*.bin")) == []


async def test_a_span_is_held_by_the_time_of_the_record(
    tmp_path: Path, make_decision: Callable[..., Record]
) -> None:
    """From and until as in a query; team and model as they were recorded."""
    clock = iter(range(1_000_000, 100_000_000, 1_000_000))
    ports = Ports(wall_us=lambda: next(clock))
    async with AuditLog.open(tmp_path, "x.example/audit", ports=ports) as log:
        for number in range(6):
            team = "hr" if number % 2 else "sales"
            await log.append(deciding(make_decision, asked(), team=team, req_model=f"m{number}"))
    found = recalled(tmp_path)
    times = [each.t_us for each in found]

    assert [each.t_us for each in recalled(tmp_path, since_us=times[2])] == times[2:]
    assert [each.t_us for each in recalled(tmp_path, until_us=times[2])] == times[:2]
    assert [each.model for each in recalled(tmp_path, team="hr")] == ["m1", "m3", "m5"]
    assert [each.team for each in recalled(tmp_path, model="m4")] == ["sales"]


async def test_older_segments_are_left_unread(
    tmp_path: Path, make_decision: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short span over a long log reads its end; the progress still reaches the whole."""
    monkeypatch.setattr("audit.writing.segments.SEGMENT_BYTES", 4096)
    clock = iter(range(1_000_000, 1_000_000_000, 1_000_000))
    async with AuditLog.open(tmp_path, "x.example/audit", ports=Ports(wall_us=lambda: next(clock))) as log:
        for _ in range(40):
            await log.append(deciding(make_decision, asked()))
    newest = max(each.t_us for each in recalled(tmp_path))
    oldest = min((tmp_path / "writers" / "w0" / "seg").glob("*.log"))
    oldest.write_bytes(b"would be damage, if it were read")
    recall = Recall(tmp_path, Span(since_us=newest))

    assert [each.t_us for each in recall] == [newest]
    assert recall.damaged == []
    assert recall.read_bytes == recall.total_bytes
    assert Recall(tmp_path, Span()).total_bytes == recall.total_bytes


async def test_a_torn_end_and_damage_are_told(
    tmp_path: Path, make_decision: Callable[..., Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can't be read is named: a torn end as such, a broken frame before other segments as damage."""
    monkeypatch.setattr("audit.writing.segments.SEGMENT_BYTES", 4096)
    async with AuditLog.open(tmp_path, "x.example/audit") as log:
        for _ in range(12):
            await log.append(deciding(make_decision, asked()))
    whole = len(recalled(tmp_path))
    first, *_, last = sorted((tmp_path / "writers" / "w0" / "seg").glob("*.log"))
    last.write_bytes(last.read_bytes() + b"\x00\x00\x01")
    recall = Recall(tmp_path, Span())

    assert (len(list(recall)), recall.damaged, recall.torn) == (whole, [], [f"w0/{last.stem}"])

    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    recall = Recall(tmp_path, Span())

    assert len(list(recall)) < whole
    assert [each.split(":")[0] for each in recall.damaged] == [f"w0/{first.stem}"]


async def test_what_is_no_record_and_what_cannot_be_read_is_told(
    tmp_path: Path, make_decision: Callable[..., Record]
) -> None:
    """A frame that holds something else is damage; a file that the system refuses is an error of its own."""
    async with AuditLog.open(tmp_path, "x.example/audit") as log:
        await log.append(deciding(make_decision, asked()))
    (segment,) = (tmp_path / "writers" / "w0" / "seg").glob("*.log")
    with segment.open("ab") as file:
        file.write(frames.pack(b'{"typ":"decision"}'))
    recall = Recall(tmp_path, Span())

    assert len(list(recall)) == 1
    assert [each.split(":")[0] for each in recall.damaged] == [f"w0/{segment.stem}"]

    segment.unlink()
    with pytest.raises(LogUnavailable, match=r"log\.cannot_open"):
        list(recall)
    with pytest.raises(LogUnavailable, match=r"log\.cannot_open"):
        Recall(tmp_path / "none", Span())
    segment.mkdir()
    with pytest.raises(LogUnavailable):
        list(events(tmp_path, "mode"))


async def test_events_are_read_by_their_kind(tmp_path: Path, make_decision: Callable[..., Record]) -> None:
    """A word that a caller chose can't pass for a kind of record."""
    async with AuditLog.open(tmp_path, "x.example/audit") as log:
        await log.append(make_decision(req_model='"typ":"mode"'))

    assert [each["mode"] for each in events(tmp_path, "mode")] == ["strict"]
