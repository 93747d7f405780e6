"""Breaks the database under a writer: nobody is told "durable" who is not, and every loss is admitted."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from errno import ECONNRESET, ETIMEDOUT
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from audit.errors import LogDamaged, LogUnavailable
from audit.ports import Ports
from audit.postgres.store import PostgresStore
from audit.record import auth_failure
from audit.vault.commitment import commit, opens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from audit.log import AuditLog
    from audit.record import Record
    from tests.audit.postgres.conftest import Cluster

    Until = Callable[..., Awaitable[None]]

pytestmark = pytest.mark.server


def failures(count: int) -> list[Record]:
    """Some records."""
    return [auth_failure("identity.expired", number) for number in range(count)]


def store_of(log: AuditLog) -> PostgresStore:
    """What the writer writes to."""
    store = log._writer._store
    assert isinstance(store, PostgresStore)
    return store


def check(cluster: Cluster, writer: str = "a.w0") -> list[dict[str, Any]]:
    """Hold the rows of a writer to its promises and to its numbers; return its records."""
    leaves = {sha256(b"\x00" + body).hexdigest() for body in cluster.bodies(writer)}
    assert {leaf for (name, _, _), leaf in cluster.promised.items() if name == writer} <= leaves
    places = [
        row["at"]
        for row in cluster.run("SELECT writer, at FROM entry ORDER BY at")
        if row["writer"] == writer
    ]
    assert places == list(range(len(places)))
    records = cluster.records(writer)
    boot, wseq = 0, -1
    for record in records:
        again = record["typ"] == "writer.open" and wseq >= 0
        boot, wseq = (boot + 1, 0) if again else (boot, wseq + 1)
        assert (record["writer"]["boot"], record["wseq"]) == (boot, wseq)
    return records


def gaps(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is admitted to be missing."""
    return [record["gap"] for record in records if record["typ"] == "gap"]


async def refused(log: AuditLog, count: int) -> None:
    """Append that many records, of which none is taken."""
    found = await asyncio.gather(*(log.append(each) for each in failures(count)), return_exceptions=True)
    assert [each.code for each in found if isinstance(each, LogUnavailable)] == ["log.not_durable"] * count


def cut(cluster: Cluster) -> None:
    """End all connections of the gateway's login."""
    cluster.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'regent %'"
    )


async def test_a_cut_connection_costs_nothing(cluster: Cluster) -> None:
    """Cut while idle or while callers wait, it is made anew, and what may have been sent isn't sent twice."""
    log = cluster.open()
    for count in (1, 50, 50, 50):
        writing = asyncio.ensure_future(cluster.append(log, *failures(count)))
        if count > 1:
            await asyncio.sleep(0)
        cut(cluster)
        await writing
    log.close()

    records = check(cluster)
    assert gaps(records) == []
    assert sum(record["typ"] == "auth_failure" for record in records) == 151


async def test_an_answer_that_is_lost_with_its_connection_is_found_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group was committed; the server says so in the next connection, and callers get their receipts."""
    log = cluster.open()
    lose_answers(log, monkeypatch, ECONNRESET, [True])
    await cluster.append(log, *failures(3))
    await cluster.append(log, *failures(3))
    log.close()

    records = check(cluster)
    assert gaps(records) == []
    assert sum(record["typ"] == "auth_failure" for record in records) == 6


@pytest.mark.slow
async def test_a_killed_server_loses_nothing_that_it_acknowledged(cluster: Cluster) -> None:
    """Killed while callers write, and started again: receipts hold, and every other record is counted."""
    log = cluster.open(reopen_after_s=0.05, timeout_s=2)
    lost = 0

    async def write() -> None:
        nonlocal lost
        while not stopped:
            try:
                await cluster.append(log, *failures(1))
            except LogUnavailable:
                lost += 1
                await asyncio.sleep(0.01)

    for number in range(2):
        stopped = False
        callers = [asyncio.create_task(write()) for _ in range(8)]
        await asyncio.sleep(0.05 + 0.05 * number)
        cluster.server.kill()
        cluster.server.start()
        while not log.available:  # noqa: ASYNC110 - another thread's doing
            await asyncio.sleep(0.02)
        stopped = True
        await asyncio.gather(*callers)
    log.close()

    records = check(cluster)
    told = gaps(records)
    assert sum(gap["lost"] + gap["refused"] + gap.get("late", 0) for gap in told) == lost
    written = sum(record["typ"] == "auth_failure" for record in records)
    assert written == len(cluster.promised) + sum(gap.get("late", 0) for gap in told)
    assert records[-1]["typ"] == "writer.close"


async def test_a_slow_server_is_given_up_and_found_again(cluster: Cluster, until: Until) -> None:
    """A statement that waits too long is refused; when nothing holds the server any more, the log goes on."""
    log = cluster.open(reopen_after_s=0.05, timeout_s=0.3)
    await cluster.append(log, *failures(1))
    blocker = asyncio.create_task(
        asyncio.to_thread(cluster.run, "BEGIN", "LOCK TABLE writer IN EXCLUSIVE MODE", "SELECT pg_sleep(1)")
    )
    await asyncio.sleep(0.2)
    await refused(log, 5)
    await blocker
    await until(lambda: log.available)
    await cluster.append(log, *failures(1))
    log.close()

    (gap,) = gaps(check(cluster))
    assert (gap["lost"], gap["error"]) == (5, "EAGAIN")


async def test_a_frozen_server_is_given_up(cluster: Cluster, until: Until) -> None:
    """A server that doesn't even refuse holds callers no longer than the time that was set."""
    log = cluster.open(reopen_after_s=0.05, timeout_s=0.5)
    backends = psutil.Process(cluster.server.pid).children()
    try:
        for each in backends:
            each.suspend()
        await asyncio.wait_for(refused(log, 5), 5)
    finally:
        for each in backends:
            each.resume()
    await until(lambda: log.available)
    await cluster.append(log, *failures(1))
    log.close()

    (gap,) = gaps(check(cluster))
    assert gap["lost"] + gap.get("late", 0) == 5


@pytest.mark.parametrize(
    ("state", "error"), [("53100", "ENOSPC"), ("XX000", "EIO")], ids=["full disk", "internal"]
)
async def test_a_statement_that_fails_is_refused_whole(
    cluster: Cluster, until: Until, state: str, error: str
) -> None:
    """A full disk, as any other error, leaves nothing of the group, and the numbers are used again."""
    cluster.run(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$"
    )
    log = cluster.open(reopen_after_s=0.05)
    await cluster.append(log, *failures(2))
    cluster.run("CREATE TRIGGER fail BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION fail()")
    await refused(log, 4)
    assert not log.available
    cluster.run("DROP TRIGGER fail ON entry")
    await until(lambda: log.available)
    await cluster.append(log, *failures(2))
    log.close()

    (gap,) = gaps(check(cluster))
    assert (gap["lost"], gap["error"]) == (4, error)


async def test_what_was_committed_without_an_answer_is_told_as_late(
    cluster: Cluster, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers were refused after a time, but the records stand in the log: the gap doesn't call them lost."""
    log = cluster.open(reopen_after_s=0.05)
    await cluster.append(log, *failures(1))
    log.append_soon(auth_failure("a.b", 1))
    lose_answers(log, monkeypatch, ETIMEDOUT, [True])
    await refused(log, 3)
    await until(lambda: log.available)
    await cluster.append(log, *failures(2))
    log.close()

    records = check(cluster)
    assert gaps(records) == [
        {"reason": "not_durable", "lost": 0, "refused": 0, "dropped": 0, "late": 4, "error": "ETIMEDOUT"}
    ]
    assert sum(record["typ"] == "auth_failure" for record in records) == 1 + 4 + 2


@pytest.mark.parametrize("committed", [True, False])
async def test_a_gap_whose_answer_is_lost_is_told_once(
    cluster: Cluster, until: Until, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    """Whether the gap itself was committed or not, its counts stand in the log once in the end."""
    log = cluster.open(reopen_after_s=0.05)
    lose_answers(log, monkeypatch, ETIMEDOUT, [False, committed])
    log.auth_failure("auth.expired")
    await refused(log, 3)
    await until(lambda: log.available)
    log.close()

    records = check(cluster)
    assert sum(gap["lost"] + gap["refused"] for gap in gaps(records)) == 3
    assert [record["n"] for record in records if record["typ"] == "auth_failure"] == [1]


def lose_answers(log: AuditLog, monkeypatch: pytest.MonkeyPatch, error: int, committed: list[bool]) -> None:
    """Let the next groups fail with an error, each after it was committed or before it was sent."""
    session = store_of(log)._session
    real = session.run

    def run(query: str, *values: object) -> str:
        if "append" not in query or not committed:
            return real(query, *values)
        if committed.pop(0):
            real(query, *values)
        raise OSError(error, "the answer is lost")

    monkeypatch.setattr(session, "run", run)


async def test_two_processes_can_not_write_as_one(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if a lock were lost, as behind a pooler: the first one's place has moved, and it stays down."""
    first = cluster.open(reopen_after_s=3600, timeout_s=1)
    await cluster.append(first, *failures(2))
    store_of(first)._session.run("SELECT pg_advisory_unlock_all()")
    second = cluster.open()
    assert (second.writer, second.boot) == (first.writer, first.boot + 1)
    await cluster.append(second, *failures(2))
    await refused(first, 2)
    assert not first.available
    await cluster.append(second, *failures(2))
    with pytest.raises(OSError, match="55P03"):
        store_of(first).reopen()
    second.close()
    with pytest.raises(LogDamaged, match=r"log\.rolled_back"):
        store_of(first).reopen()
    store_of(first).abandon()
    first.close()

    check(cluster)


async def test_a_place_is_free_as_soon_as_its_holder_is_gone(cluster: Cluster) -> None:
    """A living process keeps it; the next one continues it at once, under the next boot."""
    first, second = cluster.open(), cluster.open()
    other = cluster.open("b")
    assert [log.writer for log in (first, second, other)] == ["a.w0", "a.w1", "b.w0"]
    first.close()
    again = cluster.open()
    assert (again.writer, again.boot) == ("a.w0", 1)


async def test_the_day_turns_while_records_come(cluster: Cluster) -> None:
    """On both sides of midnight records are taken, each in the partition of its day, made if need be."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=9)
    now_us = round(midnight.timestamp() * 1e6) - 1
    log = cluster.open(ports=Ports(wall_us=lambda: now_us))
    await cluster.append(log, *failures(2))
    sequencer = cluster.sequencer()
    sequencer.turn()
    now_us += 1
    await cluster.append(log, *failures(2))
    now_us -= 3_600_000_000  # a clock that steps back doesn't take the log back
    await cluster.append(log, *failures(2))
    assert sequencer.turn() == 4
    now_us += 3 * 86_400_000_000
    await cluster.append(log, *failures(2))
    log.close()
    assert cluster.sequencer().turn() == 3

    check(cluster)
    days = [row["day"] for row in cluster.run("SELECT day FROM entry ORDER BY at")]
    first, next_day = midnight.date() - timedelta(days=1), midnight.date()
    assert days == [first] * 4 + [next_day] * 4 + [next_day + timedelta(days=3) - timedelta(days=1)] * 3


async def test_a_clock_that_is_far_off_is_refused(cluster: Cluster) -> None:
    """A partition of another year would be made for nobody."""
    far_us = (time.time_ns() // 1000) + 400 * 86_400_000_000
    with pytest.raises(LogUnavailable, match="too far from the server's own"):
        cluster.open(ports=Ports(wall_us=lambda: far_us))


async def test_days_are_made_ahead(cluster: Cluster) -> None:
    """The next week's are there from the beginning, so that midnight makes none."""
    names = {
        row["name"]
        for row in cluster.run("SELECT relname AS name FROM pg_class WHERE relname LIKE 'entry_2%'")
    }
    today = datetime.now(UTC).date()

    assert {f"entry_{today + timedelta(days=ahead):%Y%m%d}" for ahead in range(1, 7)} <= names


async def test_records_that_are_gone_stop_a_start(cluster: Cluster) -> None:
    """Somebody who disables the triggers can delete; the next start sees it, and so does the sequencer."""
    log = cluster.open()
    await cluster.append(log, *failures(3))
    cluster.sequencer().turn()
    await cluster.append(log, *failures(3))
    log.close()
    cluster.run(
        "SET session_replication_role = replica",
        "DELETE FROM entry WHERE at >= 7",
        "SELECT 1",
    )
    with pytest.raises(LogDamaged, match=r"log\.rolled_back"):
        cluster.open()
    with pytest.raises(LogDamaged, match=r"log\.damaged"):
        cluster.sequencer().turn()


async def test_a_writer_that_is_gone_stops_the_merge(cluster: Cluster) -> None:
    """Merged before and nowhere now: continuing would bury the evidence."""
    log = cluster.open()
    await cluster.append(log, *failures(3))
    cluster.sequencer().turn()
    log.close()
    cluster.run("DELETE FROM writer", "SELECT 1")
    with pytest.raises(LogDamaged, match=r"log\.rolled_back"):
        cluster.sequencer().turn()


async def test_an_erased_subject_is_forgotten_within_a_second(cluster: Cluster) -> None:
    """All replicas share one pseudonym; after an erasure each learns a new one."""
    now_us = 0
    first = cluster.open(ports=Ports(mono_us=lambda: now_us))
    second = cluster.open("b", ports=Ports(mono_us=lambda: now_us))
    names = await asyncio.gather(*(log.sref("alice") for log in (first, second) for _ in range(5)))
    bob = await first.sref("bob")
    assert len(set(names)) == 1
    cluster.login("clerk", "eraser")
    cluster.run(
        f"DELETE FROM {cluster.schema}_vault.subject WHERE subject = 'alice'",  # noqa: S608
        f"INSERT INTO {cluster.schema}_vault.erased (id) VALUES ('{names[0]}')",  # noqa: S608
        "SELECT 1",
        role="clerk",
    )
    now_us += 1_000_000
    after = [await log.sref("alice") for log in (first, second)]

    assert after[0] == after[1] != names[0]
    assert [await log.sref("bob") for log in (first, second)] == [bob, bob]


async def test_the_vault_holds_nonces_and_questions(
    cluster: Cluster, make_decision: Callable[..., Record]
) -> None:
    """A commitment can be opened from the table; the payload stands nowhere."""
    log = cluster.open()
    question = b'{"subject":{"id":"alice"}}'
    record = make_decision(
        payload=[commit("req", b"a secret prompt")], policy_input=commit("input", question), question=question
    )
    receipt = await log.append(record)
    (kept,) = cluster.run(f"TABLE {cluster.schema}_vault.kept")
    stored = cluster.records()[receipt.index]
    nonces = {
        kept["nonces"][at + 16 : at + 31].rstrip(b"\0"): kept["nonces"][at + 32 :][:32] for at in (0, 64)
    }

    assert kept["record"].hex() == record.id
    assert kept["question"] == question
    assert opens(stored["payload"]["req"]["c"], nonce=nonces[b"req"], label="req", data=b"a secret prompt")
    assert opens(stored["policy"]["input_commit"], nonce=nonces[b"input"], label="input", data=question)


async def test_a_house_that_keeps_no_questions_keeps_none(
    cluster: Cluster, make_decision: Callable[..., Record]
) -> None:
    """With `questions: none` the nonces are kept and the question is not."""
    log = cluster.open(keep_questions=False)
    await log.append(make_decision(policy_input=commit("input", b"{}"), question=b"{}"))
    (kept,) = cluster.run(f"TABLE {cluster.schema}_vault.kept")

    assert kept["question"] is None
