"""Pins erasing on whole logs: nothing of the subject is left, whatever runs or breaks meanwhile."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import orjson
import pytest

import audit
from audit.errors import LogUnavailable, VaultRefused
from audit.log import AuditLog
from audit.ports import Ports
from audit.reading.stream import events
from audit.record import Record
from audit.vault import belonging, database, erasure, gates, holds, payloads, pseudonyms
from audit.vault.commitment import Commitment, commit
from audit.vault.erasure import Counts, Erasure
from audit.vault.holds import Hold
from audit.vault.nonces import find
from audit.vault.pseudonyms import look_up
from audit.vault.sealing import Seal, unseal
from audit.verify.check import verify
from audit.verify.verdict import Verdict

ORIGIN = "regent.example/audit"
KEY = bytes(range(32))
ALICE, BOB = "alice@acme.example", "bob@acme.example"

Make = Callable[..., Record]

GATEWAY = """
import asyncio, json, os, sys
from pathlib import Path
from audit.log import AuditLog
from audit.record import decision, outcome
from audit.vault.commitment import commit
from audit.vault.sealing import Seal

NAMES = dict(request_id="r", action="allow", reason_code="allowed", tenant="acme", team="hr",
    actor_kind="user", auth="oidc", op="chat", req_model="m", stream=False, engine="embedded",
    bundle=None, revision="r", path="p")
ENDS = dict(deployment="d", provider="p", region="r", resp_model="m", resp_id="i", finish="stop",
    in_tok=1, out_tok=1, usage_in=1, usage_out=1, estimated=False, total_us=1, upstream_us=1)

async def call(log, subject):
    sealing = await log.sealing(subject, "acme")
    asked = json.dumps({"subject": {"id": subject}}, separators=(",", ":")).encode()
    opening = decision(sref=sealing.sref, policy_input=commit("input", asked), question=asked,
        payload=[commit("req", b"prompt of " + subject.encode(), sealing=sealing)], **NAMES)
    await log.append(opening)
    os.write(1, f"{subject} {sealing.sref} {opening.id}\\n".encode())
    closing = outcome(ref=opening.id, sref=sealing.sref,
        payload=[commit("resp", b"reply to " + subject.encode(), sealing=sealing)], **ENDS)
    await log.append(closing)

async def run():
    async with AuditLog.open(Path(sys.argv[1]), "regent.example/audit", seal=Seal(bytes(range(32)))) as log:
        async def one(subject):
            while True:
                await call(log, subject)
                await asyncio.sleep(0.002)
        await asyncio.gather(*(one(sys.argv[2]) for _ in range(4)), *(one(sys.argv[3]) for _ in range(4)))

asyncio.run(run())
"""


def asked(subject: str) -> bytes:
    """A question as the gateway writes it."""
    return orjson.dumps({"version": 1, "subject": {"type": "user", "id": subject}})


async def serve(log: AuditLog, make: Make, end: Make, subject: str, tenant: str = "acme") -> tuple[str, str]:
    """One call, sealed, from its decision to its end; returns the ids of both records."""
    sealing = await log.sealing(subject, tenant)
    question = asked(subject)
    opening = make(
        sref=sealing.sref,
        tenant=tenant,
        policy_input=commit("input", question),
        question=question,
        payload=[commit("req", b"prompt of " + subject.encode(), sealing=sealing)],
    )
    await log.append(opening)
    reply = Commitment("resp", sealing=sealing)
    reply.update(b"reply to " + subject.encode())
    closing = end(ref=opening.id, payload=[reply], sref=sealing.sref)
    await log.append(closing)
    return opening.id, closing.id


class Scene:
    """A log in which Alice and Bob called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vault = folder / "vault"
        self.calls: dict[str, list[tuple[str, str]]] = {ALICE: [], BOB: []}

    def data(self) -> bytes:
        """All that stands in the folder."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file())

    def kept(self, subject: str) -> list[bytes | str | None]:
        """Payloads and nonces of a subject's records: what is there of each."""
        return [
            found
            for opened, closed in self.calls[subject]
            for record, label in ((opened, "req"), (closed, "resp"))
            for found in (unseal(self.folder, record, label, KEY), find(self.vault, record, label))
        ]


@pytest.fixture
async def scene(folder: Path, make_decision: Make, make_outcome: Make) -> Scene:
    """Three calls of each."""
    found = Scene(folder)
    async with AuditLog.open(folder, ORIGIN, seal=Seal(KEY)) as log:
        for _ in range(3):
            for subject, calls in found.calls.items():
                calls.append(await serve(log, make_decision, make_outcome, subject))
    return found


def test_nothing_of_an_erased_subject_is_left_and_nothing_of_others_is_touched(scene: Scene) -> None:
    """Name, key, questions, prompts, replies and every nonce; the log verifies as before."""
    sref = look_up(scene.vault / database.NAME, ALICE)
    before = verify(scene.folder)
    others = scene.kept(BOB)
    assert erasure.erase_subject(scene.folder, ALICE) == Counts(1, 1, 3, 6, 9)
    after = verify(scene.folder)

    assert sref is not None
    assert set(scene.kept(ALICE)) == {"erased", None}
    assert (after.verdict, after.findings, after.heads) == (before.verdict, before.findings, before.heads)
    assert before.verdict is Verdict.OPERATOR_ASSERTED
    assert scene.kept(BOB) == others
    assert b"prompt of bob@acme.example" in others
    left = b"".join(path.read_bytes() for path in scene.vault.rglob("*") if path.is_file())
    assert b"alice" not in left
    assert sref.encode() not in left


def test_a_subject_is_erased_once(scene: Scene) -> None:
    """Who is gone is unknown, like who never was; the next call begins another life."""
    erasure.erase_subject(scene.folder, ALICE)
    for subject in (ALICE, "carol"):
        with pytest.raises(VaultRefused) as refused:
            erasure.erase_subject(scene.folder, subject)
        assert refused.value.code == "vault.unknown"


def test_one_decision_goes_with_its_end(scene: Scene) -> None:
    """By the id of either; the subject's other records and its pseudonym stay."""
    (first, _), (_, second), (kept, _) = scene.calls[ALICE]
    for record in (first, second):
        assert erasure.erase_record(scene.folder, record) == Counts(0, 0, 1, 2, 3)

    assert scene.kept(ALICE)[:8] == ["erased", None] * 4
    assert unseal(scene.folder, kept, "req", KEY) == b"prompt of alice@acme.example"
    assert look_up(scene.vault / database.NAME, ALICE) is not None
    for wrong in (secrets.token_hex(16), "no id", ""):
        with pytest.raises(VaultRefused, match=r"vault\.unknown"):
            erasure.erase_record(scene.folder, wrong)


def test_a_record_that_is_no_decision_is_not_erased(scene: Scene) -> None:
    """What opened the writer's boot has nothing in the vault and nobody to erase."""
    (opened,) = events(scene.folder, "writer.open")
    with pytest.raises(VaultRefused, match=r"vault\.unknown"):
        erasure.erase_record(scene.folder, opened["id"])


def test_an_index_may_name_the_records(scene: Scene) -> None:
    """Asked by pseudonym, believed in what it names; what bears the pseudonym itself goes in any case."""
    sref, named = look_up(scene.vault / database.NAME, ALICE), []

    def records(pseudonym: str) -> list[str]:
        named.append(pseudonym)
        return [record for call in scene.calls[ALICE] for record in call]

    assert erasure.erase_subject(scene.folder, ALICE, records=records) == Counts(1, 1, 3, 6, 9)
    assert named == [sref]


def test_what_a_crash_left_without_a_record_goes_too(scene: Scene) -> None:
    """A question and a payload whose record never reached the log are found by name and by pseudonym."""
    for path in (scene.folder / "writers" / "w0" / "seg").glob("*.log"):
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
    counts = erasure.erase_subject(scene.folder, ALICE)

    assert (counts.question, counts.payload) == (3, 6)
    assert b"alice" not in scene.data()


def test_a_part_of_the_log_that_cannot_be_read_is_told(scene: Scene) -> None:
    """Whoever erases learns that records may have been missed."""
    segment = next((scene.folder / "writers" / "w0" / "seg").glob("*.log"))
    (segment.parent / "000000000900.log").write_bytes(b"")
    segment.write_bytes(segment.read_bytes()[:-1])

    assert erasure.erase_subject(scene.folder, ALICE).unread == 1


async def test_a_process_that_remembers_forgets_within_a_second(
    folder: Path, make_decision: Make, make_outcome: Make
) -> None:
    """By its own clock: before the next look the old pseudonym keeps nothing, after it there is a new one."""
    now_us = 0
    ports = Ports(mono_us=lambda: now_us)
    async with AuditLog.open(folder, ORIGIN, seal=Seal(KEY), ports=ports) as log:
        await serve(log, make_decision, make_outcome, ALICE)
        old = await log.sref(ALICE)
        erasure.erase_subject(folder, ALICE)
        now_us = 999_999
        late = await serve(log, make_decision, make_outcome, ALICE)
        assert await log.sref(ALICE) == old
        now_us = 1_000_000
        new = await serve(log, make_decision, make_outcome, ALICE)
        assert await log.sref(ALICE) != old

    assert find(folder / "vault", late[0], "req") is None
    assert payloads.find(folder / "vault", late[0]) == []
    assert unseal(folder, new[0], "req", KEY) == b"prompt of alice@acme.example"


async def test_a_process_whose_key_is_gone_notices_at_once(folder: Path) -> None:
    """Without the key in memory the vault is asked, and the stale pseudonym with it."""
    ports = Ports(mono_us=lambda: 0)
    async with AuditLog.open(folder, ORIGIN, seal=Seal(KEY), ports=ports) as log:
        old = await log.sref(ALICE)
        erasure.erase_subject(folder, ALICE)
        assert (await log.sealing(ALICE, "acme")).sref != old


async def test_an_answer_that_crosses_an_erasure_is_not_remembered(folder: Path) -> None:
    """What was asked before the erasure and comes back behind it serves once, and isn't kept in memory."""
    async with AuditLog.open(folder, ORIGIN) as log:
        await log.sref(ALICE)
    map_of = pseudonyms.Pseudonyms(folder / "vault" / database.NAME, lambda: 0)
    settle = map_of._map.settle

    def slow(subjects: list[str]) -> tuple[int, dict[str, str]]:
        found = settle(subjects)
        map_of._known._generation += 16  # the loop saw an erasure meanwhile
        return found

    map_of._map.settle = slow  # type: ignore[method-assign] # the moment in between
    old = await map_of.sref(ALICE)
    assert ALICE not in map_of._known._known
    assert old == look_up(folder / "vault" / database.NAME, ALICE)
    map_of.close()


async def test_an_end_that_comes_after_its_decision_was_erased_is_not_kept(
    folder: Path, make_decision: Make, make_outcome: Make
) -> None:
    """The record of the end stands in the log; nothing that would open it stands in the vault."""
    async with AuditLog.open(folder, ORIGIN, seal=Seal(KEY)) as log:
        sealing = await log.sealing(ALICE, "acme")
        opening = make_decision(sref=sealing.sref, payload=[commit("req", b"prompt", sealing=sealing)])
        await log.append(opening)
        assert erasure.erase_record(folder, opening.id) == Counts(0, 0, 0, 1, 1)
        closing = make_outcome(ref=opening.id, payload=[commit("resp", b"reply", sealing=sealing)])
        await log.append(closing)

    assert closing.body["payload"]["resp"]["sealed"] is True
    assert find(folder / "vault", closing.id, "resp") is None
    assert unseal(folder, closing.id, "resp", KEY) == "absent"


async def test_a_group_on_its_way_to_the_disk_is_waited_for(
    folder: Path, make_decision: Make, until: Callable[..., Awaitable[None]]
) -> None:
    """What was being written when the tombstone came is in the log before it is searched, and goes."""
    slow, arrived, go_on = threading.Event(), threading.Event(), threading.Event()

    def fdatasync(fd: int) -> None:
        if slow.is_set():
            arrived.set()
            assert go_on.wait(10)
        os.fdatasync(fd)

    async with AuditLog.open(folder, ORIGIN, ports=Ports(fdatasync=fdatasync)) as log:
        record = make_decision(sref=await log.sref(ALICE), payload=[commit("req", b"prompt")])
        slow.set()
        appending = asyncio.create_task(log.append(record))
        await until(arrived.is_set)
        erasing = asyncio.create_task(asyncio.to_thread(erasure.erase_subject, folder, ALICE))
        await until(lambda: (folder / "vault" / "erased").stat().st_size == 16)
        assert find(folder / "vault", record.id, "req") is not None
        assert not erasing.done()
        slow.clear()
        go_on.set()
        await appending
        assert (await erasing).nonce == 1

    assert find(folder / "vault", record.id, "req") is None


# Holds.


def hold(folder: Path, sref: str | None, tenant: str | None) -> Hold:
    """Let a hold stand."""
    found = Hold(sref, tenant, "litigation.1", "legal", 1)
    with database.opened(folder / "vault" / database.NAME) as db:
        assert holds.put(db, found)
        assert holds.put(db, found)
        holds.confirm(db, found)
        assert not holds.put(db, found)
        assert holds.standing(db) == [found]
    return found


@pytest.mark.parametrize(
    ("whose", "tenant", "held"),
    [
        (ALICE, None, True),
        (BOB, None, False),
        (None, "acme", True),
        (None, "other", False),
        (ALICE, "acme", True),
        (ALICE, "other", False),
        (BOB, "acme", False),
        (None, None, True),
    ],
)
def test_what_is_held_is_not_erased(scene: Scene, whose: str | None, tenant: str | None, held: bool) -> None:  # noqa: FBT001 - a case
    """Neither the subject nor one of its decisions, before anything was announced; afterwards both."""
    sref = look_up(scene.vault / database.NAME, whose) if whose else None
    found, announced = hold(scene.folder, sref, tenant), list[Erasure]()
    before = scene.kept(ALICE)

    def erase() -> None:
        erasure.erase_record(scene.folder, scene.calls[ALICE][0][0], announce=announced.append)
        erasure.erase_subject(scene.folder, ALICE, announce=announced.append)

    if held:
        with pytest.raises(VaultRefused, match=r"vault\.held"):
            erasure.erase_subject(scene.folder, ALICE, announce=announced.append)
        with pytest.raises(VaultRefused, match=r"vault\.held"):
            erasure.erase_record(scene.folder, scene.calls[ALICE][0][1], announce=announced.append)
        assert announced == []
        assert scene.kept(ALICE) == before
        with database.opened(scene.vault / database.NAME) as db:
            holds.remove(db, found)
            assert holds.standing(db) == []
    erase()
    assert len(announced) == 2


# One at a time.


def test_only_one_command_is_at_it(scene: Scene) -> None:
    """A second one is refused, and told why; afterwards it may."""
    with gates.administration(scene.vault), pytest.raises(LogUnavailable) as refused:
        erasure.erase_subject(scene.folder, ALICE)
    assert refused.value.code == "vault.busy"
    assert erasure.erase_subject(scene.folder, ALICE).pseudonym == 1


def test_a_writer_that_hangs_is_not_waited_for_without_end(scene: Scene) -> None:
    """Its group may hold what is to go, so the erasure stays unfinished and says so."""
    with gates.Gate(scene.vault / "nonces" / "w0"), pytest.raises(LogUnavailable) as refused:
        gates.pass_all(scene.vault, wait_s=0.01)
    assert refused.value.code == "vault.busy"
    gates.pass_all(scene.vault, wait_s=0.01)


def test_where_there_is_no_vault_nothing_is_erased(tmp_path: Path) -> None:
    """A wrong folder is no success."""
    with pytest.raises(LogUnavailable, match=r"vault\.unavailable"):
        erasure.erase_subject(tmp_path, ALICE)
    assert list(tmp_path.iterdir()) == []


def test_what_an_unreadable_question_mentions_goes_along(scene: Scene) -> None:
    """A question that is damaged and names the subject is no reason to keep the name."""
    (path,) = scene.vault.glob("questions/*/*.bin")
    path.write_bytes(path.read_bytes().replace(b'"subject":{', b'"subject":[', 1))

    assert erasure.erase_subject(scene.folder, ALICE).question == 3
    assert b"alice" not in path.read_bytes()


# Crashes.


def test_an_erasure_can_be_interrupted_anywhere_and_finished(
    scene: Scene, crashed: Callable[[int, Callable[[], object]], bool]
) -> None:
    """Whichever write, sync or statement is the last: doing it again leaves nothing, and no proof breaks."""
    sref = look_up(scene.vault / database.NAME, ALICE)
    assert sref is not None
    files = {path: path.read_bytes() for path in scene.folder.rglob("*") if path.is_file()}
    steps, stopped = 0, True
    while stopped:
        for path in list(scene.vault.rglob("*")):
            if path.is_file() and path not in files:
                path.unlink()
        for path, data in files.items():
            path.write_bytes(data)
        stopped = crashed(steps, lambda: erasure.erase_subject(scene.folder, ALICE))
        erasure.resume(scene.folder, Erasure("subject", sref))
        steps += 1

        assert set(scene.kept(ALICE)) == {"erased", None}, steps
        assert b"alice" not in scene.data(), steps
        assert None not in scene.kept(BOB), steps
        assert verify(scene.folder).verdict is Verdict.OPERATOR_ASSERTED
    assert steps > 40


def test_a_disk_that_fails_ends_in_a_plain_refusal(scene: Scene) -> None:
    """Whatever was overwritten by then, the next attempt finishes it."""

    def broken(fd: int) -> None:
        raise OSError(5, "input/output error")

    with pytest.raises(LogUnavailable) as refused:
        erasure.erase_subject(scene.folder, ALICE, ports=Ports(fdatasync=broken))
    assert refused.value.code == "log.cannot_open"
    with database.reading(scene.vault / database.NAME) as db:
        (sref,) = (row[0] for row in db.execute("SELECT sref FROM leaving"))
    erasure.resume(scene.folder, Erasure("subject", sref))
    assert b"alice" not in scene.data()


# Two processes.


@pytest.fixture
def gateway(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that serves Alice and Bob, four calls at a time each, and tells of each."""
    root = Path(audit.__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", GATEWAY, str(folder), ALICE, BOB],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    yield process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def told(process: "subprocess.Popen[bytes]") -> tuple[str, str, str]:
    """The next call that the other process tells of."""
    assert process.stdout is not None
    subject, sref, record = process.stdout.readline().decode().split()
    return subject, sref, record


async def test_a_subject_is_erased_while_another_process_serves_it(
    folder: Path, gateway: "subprocess.Popen[bytes]"
) -> None:
    """Nothing of the old pseudonym is left or comes later; the next look brings a new one."""
    for _ in range(40):
        told(gateway)
    old = look_up(folder / "vault" / database.NAME, ALICE)
    assert old is not None
    counts = await asyncio.to_thread(erasure.erase_subject, folder, ALICE)
    while (call := told(gateway))[0] != ALICE or call[1] == old:
        pass
    new = call[1]
    for _ in range(40):
        told(gateway)
    gateway.send_signal(signal.SIGKILL)
    gateway.wait()
    found = belonging.of_subject(folder, old)
    decisions = [each for each in events(folder, "decision") if each["sref"] == old]

    assert counts.payload >= 10
    assert len(decisions) >= 10
    vault = folder / "vault"
    for path in vault.glob("nonces/*/*.bin"):
        data = path.read_bytes()
        for at in range(0, len(data) - 63, 64):
            assert data[at : at + 16] not in found.ids or data[at + 31] == 2
    for path in vault.glob("sealed/*/*.bin"):
        assert bytes.fromhex(old) not in path.read_bytes()
        assert bytes.fromhex(new) in path.read_bytes()
    for record in found.ids:
        assert {each.erased for each in payloads.find(vault, record.hex())} <= {True}
    assert verify(folder).verdict is not Verdict.TAMPERED
