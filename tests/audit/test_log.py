"""Pins what a caller may rely on: receipts, order, groups, bounds, restarts and the end."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path

import pytest

from audit.errors import LogDamaged, LogUnavailable, RecordRefused
from audit.log import AuditLog
from audit.ports import Ports
from audit.record import Record
from audit.tlog.tree import leaf_hash, root_of
from audit.vault import nonces
from audit.vault.commitment import commit, opens

OpenLog = Callable[..., AuditLog]
Bodies = Callable[..., list[bytes]]
Make = Callable[..., Record]
Until = Callable[..., Awaitable[None]]


class Gate:
    """An fdatasync that counts and, when shut, waits."""

    def __init__(self) -> None:
        self.calls = 0
        self.open = threading.Event()
        self.open.set()

    def __call__(self, fd: int) -> None:
        self.calls += 1
        assert self.open.wait(10)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_us: int = 1_700_000_000_000_000) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


async def test_a_receipt_names_the_leaf_that_is_on_disk(
    open_log: OpenLog, make_decision: Make, bodies: Bodies
) -> None:
    """The receipt's index, number and hash are those of the stored bytes."""
    log = open_log()
    receipts = [await log.append(make_decision(request_id=f"r{number}")) for number in range(5)]
    stored = bodies()
    for receipt in receipts:
        record = json.loads(stored[receipt.index])
        assert receipt.leaf_hash == sha256(b"\x00" + stored[receipt.index]).hexdigest()
        assert (
            (receipt.writer, receipt.boot) == (record["writer"]["id"], record["writer"]["boot"]) == ("w0", 0)
        )
        assert (receipt.wseq, receipt.t_us) == (record["wseq"], record["t_us"])
    assert [json.loads(body)["wseq"] for body in stored] == list(range(len(stored)))


async def test_a_boot_is_bracketed_and_linked(open_log: OpenLog, make_decision: Make, bodies: Bodies) -> None:
    """Open, mode, records, close; and the next boot continues behind the tree of all before it."""
    log = open_log()
    await log.append(make_decision())
    log.close()
    log.close()
    again = open_log()
    assert (again.writer, again.boot) == ("w0", 1)
    stored = bodies()
    records = [json.loads(body) for body in stored]
    assert [each["typ"] for each in records] == [
        *("writer.open", "mode", "decision", "writer.close"),
        *("writer.open", "mode"),
    ]
    assert [each["wseq"] for each in records] == [0, 1, 2, 3, 0, 1]
    assert [each["mode"] for each in records if each["typ"] == "mode"] == ["strict", "strict"]
    for index in (0, 3, 4):
        root = root_of(map(leaf_hash, stored[:index])).hex()
        assert records[index]["tree"] == {"size": index, "root": root}


async def test_one_sync_serves_all_who_wait(open_log: OpenLog, make_decision: Make) -> None:
    """While one group is on its way, the next gathers; nobody is answered before its sync."""
    gate = Gate()
    log = open_log(ports=Ports(fdatasync=gate))
    gate.open.clear()
    gate.calls = 0
    waiting = [asyncio.ensure_future(log.append(make_decision())) for _ in range(200)]
    await asyncio.sleep(0.05)
    assert not any(each.done() for each in waiting)
    gate.open.set()
    receipts = await asyncio.gather(*waiting)
    assert sorted(each.index for each in receipts) == list(range(2, 202))
    assert gate.calls <= 3


async def test_a_full_queue_refuses_and_the_gap_is_told(
    open_log: OpenLog, make_decision: Make, bodies: Bodies
) -> None:
    """Memory is bounded: what does not fit is refused or dropped, and counted in the next gap record."""
    gate = Gate()
    log = open_log(ports=Ports(fdatasync=gate), queue_limit=3)
    gate.open.clear()
    first = asyncio.ensure_future(log.append(make_decision()))
    await asyncio.sleep(0.05)  # the thread has taken it and waits for its sync
    waiting = [asyncio.ensure_future(log.append(make_decision())) for _ in range(3)]
    await asyncio.sleep(0)
    for _ in range(2):
        with pytest.raises(LogUnavailable) as caught:
            await log.append(make_decision())
        assert caught.value.code == "log.backlogged"
    for _ in range(5):
        log.append_soon(make_decision(action="deny"))
    gate.open.set()
    await asyncio.gather(first, *waiting)
    gaps = [json.loads(body)["gap"] for body in bodies() if b'"typ":"gap"' in body]
    assert gaps == [{"reason": "backlogged", "lost": 0, "refused": 2, "dropped": 5}]


async def test_denials_are_written_without_waiting(
    open_log: OpenLog, make_decision: Make, bodies: Bodies
) -> None:
    """`append_soon` returns at once, and a close writes what is still on its way."""
    log = open_log()
    for number in range(50):
        log.append_soon(make_decision(action="deny", request_id=f"r{number}"))
    log.close()
    found = [json.loads(body) for body in bodies()]
    assert [each["req"]["id"] for each in found if each["typ"] == "decision"] == [f"r{n}" for n in range(50)]


async def test_one_bad_record_harms_no_other(open_log: OpenLog, make_decision: Make, bodies: Bodies) -> None:
    """A record without canonical form is refused alone; its number is given to the next one."""
    log = open_log()
    bad: list[Record] = [
        Record({"id": "0" * 32, "typ": "decision", "x": 0.5}),
        Record({"id": "no hex", "typ": "decision"}),
        Record({"typ": "decision"}),
        make_decision(team="x" * 70_000),
    ]
    log.append_soon(Record({"id": "0" * 32, "x": 0.5}))
    results = await asyncio.gather(
        *(log.append(each) for each in [make_decision(), *bad, make_decision()]), return_exceptions=True
    )
    assert [type(each).__name__ for each in results] == ["Receipt", *["RecordRefused"] * 4, "Receipt"]
    codes = [each.code for each in results if isinstance(each, RecordRefused)]
    assert codes == ["record.type", "record.value", "record.value", "record.too_long"]
    log.close()
    records = [json.loads(body) for body in bodies()]
    assert [each["wseq"] for each in records] == list(range(len(records)))
    assert [each["gap"]["dropped"] for each in records if each["typ"] == "gap"] == [1]


async def test_failed_authentications_cannot_grow_the_log(open_log: OpenLog, bodies: Bodies) -> None:
    """Ten thousand failures are two records: one at once, one with the rest."""
    clock = Clock()
    log = open_log(ports=Ports(mono_us=clock))
    for _ in range(10_000):
        log.auth_failure("auth.expired")
    log.auth_failure("Bearer secret-token")
    log.close()
    found = [json.loads(body) for body in bodies() if b'"auth_failure"' in body]
    by_code: dict[str, list[int]] = {}
    for each in found:
        by_code.setdefault(each["reason_code"], []).append(each["n"])
    assert sum(by_code["auth.expired"]) == 10_000
    assert len(by_code["auth.expired"]) <= 2
    assert by_code["auth.other"] == [1]
    assert not any(b"secret-token" in body for body in bodies())


async def test_a_tally_is_written_when_it_is_due_without_other_traffic(
    open_log: OpenLog, bodies: Bodies, until: Until
) -> None:
    """The second record of a burst needs no further call."""
    log = open_log()
    for _ in range(3):
        log.auth_failure("auth.expired")
        await asyncio.sleep(0.05)

    def counts() -> list[int]:
        return [json.loads(body)["n"] for body in bodies() if b'"auth_failure"' in body]

    await until(lambda: sum(counts()) == 3)
    assert counts() == [1, 2]


async def test_nonces_are_in_the_vault_when_the_receipt_is_there(
    open_log: OpenLog, make_decision: Make, bodies: Bodies, folder: Path
) -> None:
    """A commitment in the log can be opened from the vault; payload and nonce stand nowhere else."""
    log = open_log()
    record = make_decision(payload=[commit("req", b"a secret prompt")])
    receipt = await log.append(record)
    stored = bodies()[receipt.index]
    nonce = nonces.find(folder / "vault", record.id, "req")
    assert nonce is not None
    assert opens(json.loads(stored)["payload"]["req"]["c"], nonce=nonce, label="req", data=b"a secret prompt")
    log.close()
    everything = _all_bytes(folder)
    assert b"secret prompt" not in everything
    assert everything.count(nonce) == 1


async def test_the_vault_is_synced_within_a_second(
    open_log: OpenLog, make_decision: Make, until: Until
) -> None:
    """Nonces become durable without further appends."""
    synced: set[int] = set()
    log = open_log(ports=Ports(fdatasync=synced.add))
    await log.append(make_decision())
    segment_only = set(synced)
    await log.append(make_decision(payload=[commit("req", b"x")]))
    await until(lambda: synced != segment_only)
    assert len(synced) == len(segment_only) + 1


async def test_two_logs_on_one_folder_write_side_by_side(
    open_log: OpenLog, make_decision: Make, bodies: Bodies
) -> None:
    """Each has a slot, a tree and a boot of its own; a freed slot is continued."""
    first, second = open_log(), open_log()
    assert (first.writer, second.writer) == ("w0", "w1")
    await asyncio.gather(*(log.append(make_decision()) for log in (first, second) for _ in range(10)))
    first.close()
    third = open_log()
    assert (third.writer, third.boot) == ("w0", 1)
    assert [json.loads(body)["typ"] for body in bodies("w1")].count("decision") == 10


async def test_after_the_close_nothing_is_taken(open_log: OpenLog, make_decision: Make) -> None:
    """A late append fails plainly; a late denial and a late failure are harmless."""
    log = open_log()
    await log.aclose()
    with pytest.raises(LogUnavailable) as caught:
        await log.append(make_decision())
    assert caught.value.code == "log.closed"
    log.append_soon(make_decision())
    log.auth_failure("auth.expired")
    assert not log.available


async def test_appends_that_meet_a_close_all_get_an_answer(open_log: OpenLog, make_decision: Make) -> None:
    """Durable or refused, but never left waiting."""
    log = open_log()
    appends = [asyncio.ensure_future(log.append(make_decision())) for _ in range(500)]
    await asyncio.sleep(0)
    closing = asyncio.ensure_future(log.aclose())
    appends += [asyncio.ensure_future(log.append(make_decision())) for _ in range(500)]
    results = await asyncio.wait_for(asyncio.gather(*appends, return_exceptions=True), 10)
    await closing
    assert {type(each).__name__ for each in results} <= {"Receipt", "LogUnavailable"}


async def test_a_caller_that_gives_up_does_not_disturb(
    open_log: OpenLog, make_decision: Make, bodies: Bodies
) -> None:
    """A cancelled append may still be logged; the others are answered."""
    log = open_log()
    appends = [asyncio.ensure_future(log.append(make_decision())) for _ in range(10)]
    await asyncio.sleep(0)
    appends[0].cancel()
    results = await asyncio.gather(*appends, return_exceptions=True)
    assert [type(each).__name__ for each in results[1:]] == ["Receipt"] * 9


def test_several_event_loops_may_append(open_log: OpenLog, make_decision: Make, bodies: Bodies) -> None:
    """Each loop gets its own answers, and the numbers stay without holes."""
    log = open_log()

    async def some() -> None:
        await asyncio.gather(*(log.append(make_decision()) for _ in range(50)))

    threads = [threading.Thread(target=lambda: asyncio.run(some())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [json.loads(body) for body in bodies()]
    assert [each["wseq"] for each in records] == list(range(202))


async def test_a_clock_that_steps_back_is_recorded_as_it_is(
    open_log: OpenLog, make_decision: Make, bodies: Bodies
) -> None:
    """The log goes on; it does not correct what the clock says."""
    wall = Clock()
    log = open_log(ports=Ports(wall_us=wall))
    first = await log.append(make_decision())
    wall.now_us -= 3_600_000_000
    second = await log.append(make_decision())
    assert second.t_us == first.t_us - 3_600_000_000
    assert second.wseq == first.wseq + 1


def test_folders_and_files_are_closed_to_others(open_log: OpenLog, folder: Path) -> None:
    """Nobody but the owner reads the log or the vault, even where the vault was too open."""
    open_log().close()
    (folder / "vault").chmod(0o755)
    open_log().close()
    modes: dict[bool, set[int]] = {True: set(), False: set()}
    for path in [folder, *folder.rglob("*")]:
        modes[path.is_dir()].add(path.stat().st_mode & 0o777)
    assert modes == {True: {0o700}, False: {0o600}}


def test_a_folder_that_cannot_be_written_is_refused_plainly(tmp_path: Path) -> None:
    """The error names the folder; no half-made log holds a slot."""
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LogUnavailable, match="cannot open the log in") as caught:
        AuditLog.open(tmp_path / "file" / "audit", "regent.example/audit")
    assert caught.value.code == "log.cannot_open"


def test_another_origin_is_refused_and_the_slot_stays_free(open_log: OpenLog, folder: Path) -> None:
    """A folder is one log for good."""
    open_log().close()
    with pytest.raises(LogDamaged) as caught:
        AuditLog.open(folder, "other.example/audit")
    assert caught.value.code == "log.origin"
    assert open_log().writer == "w0"


async def test_it_is_a_context(folder: Path, make_decision: Make, bodies: Bodies) -> None:
    """Leaving the context closes the boot in order."""
    async with AuditLog.open(folder, "regent.example/audit") as log:
        await log.append(make_decision())
        assert len(await log.sref("alice")) == 32
    assert json.loads(bodies()[-1])["typ"] == "writer.close"


def _all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
