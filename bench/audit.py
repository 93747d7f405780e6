"""What the audit log costs: appends, receipts, the merge, and how fast the verifier reads it all back.

Run as `python -m bench.audit`. Each figure stands beside something plain measured in the same run: rows in
SQLite, and a chain of hashes in a file, both with the same records, in groups as large, synced as often.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter_ns, process_time_ns
from typing import TYPE_CHECKING

import uvloop
from rich.console import Console
from rich.table import Table

from audit import record as records
from audit.canonical import encode
from audit.log import AuditLog
from audit.vault.commitment import commit
from audit.verify.check import verify
from audit.verify.terms import Entries, Terms
from bench.targets import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from audit.record import Record

ORIGIN = "bench.regent.example/audit"
CALLERS = (1, 32, 256)
_QUESTION = b'{"subject":' + b'"x",' * 200 + b"}"
_PROMPT = b'{"messages":' + b" " * 1_400 + b"}"
# Said once for each set of rules that fires, as `gateway.steps.record` does.
_RULES = [{"id": f"rule_{each}", "effect": "allow", "at": f"rule_{each}.rego:7"} for each in range(12)]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report: rates a second, times in microseconds; None where it says nothing."""

    name: str
    rate: float
    cpu_us: float | None = None
    p50_us: float | None = None
    p99_us: float | None = None


def made(number: int) -> tuple[Record, Record]:
    """A decision and its outcome, as a gateway makes them."""
    decision = records.decision(
        request_id=f"req_{number:032x}",
        action="allow",
        reason_code="allowed",
        tenant="acme",
        team="sales",
        sref=f"{number % 2000:032x}",
        actor_kind="user",
        auth="oidc",
        op="chat.completions",
        req_model="gpt-4o",
        stream=False,
        engine="embedded",
        bundle="sha256:" + "a" * 64,
        revision="r-" + "b" * 64,
        path="gateway/request/decision",
        rules=_RULES,
        policy_input=commit("input", _QUESTION),
        question=_QUESTION,
        payload=[commit("req", _PROMPT)],
        policy_us=40,
    )
    outcome = records.outcome(
        ref=decision.id,
        deployment="azure-eu",
        provider="azure",
        region="westeurope",
        resp_model="gpt-4o",
        resp_id="chatcmpl-1",
        finish="stop",
        in_tok=512,
        out_tok=128,
        usage_in=512,
        usage_out=128,
        estimated=False,
        total_us=900_000,
        upstream_us=890_000,
        attempts=[("azure-eu", "ok")],
        payload=[commit("resp", _PROMPT)],
    )
    return decision, outcome


@contextmanager
def sequencing(folder: Path) -> Iterator[None]:
    """The process beside, as a gateway has it."""
    command = [sys.executable, "-m", "audit.merging", str(folder), ORIGIN, "--beside"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        yield
        assert process.stdin is not None
        process.stdin.close()


async def requests(folder: Path, count: int, callers: int) -> Figure:
    """Two records and a receipt for each request, with the merge going on beside."""
    took_us: list[float] = []
    log = AuditLog.open(folder, ORIGIN)
    numbers = iter(range(count))

    async def call() -> None:
        for number in numbers:
            decision, outcome = made(number)
            began_ns = perf_counter_ns()
            log.certify(await log.append(decision))
            took_us.append((perf_counter_ns() - began_ns) / 1000)
            log.append_soon(outcome)

    with sequencing(folder):
        began_ns, cpu_ns = perf_counter_ns(), process_time_ns()
        await asyncio.gather(*(call() for _ in range(callers)))
        wall_s, cpu_us = (perf_counter_ns() - began_ns) / 1e9, (process_time_ns() - cpu_ns) / 1000
        log.close()
    took_us.sort()
    return Figure(
        f"requests, {callers} at once: decision, receipt, outcome",
        count / wall_s,
        cpu_us / count,
        took_us[count // 2],
        took_us[count * 99 // 100],
    )


async def appends(folder: Path, count: int, callers: int) -> Figure:
    """Records alone, made beforehand, each awaited until it is durable."""
    log = AuditLog.open(folder, ORIGIN)
    left = [made(number)[0] for number in range(count)]
    took_us: list[float] = []

    async def call() -> None:
        while left:
            record = left.pop()
            began_ns = perf_counter_ns()
            await log.append(record)
            took_us.append((perf_counter_ns() - began_ns) / 1000)

    with sequencing(folder):
        began_ns, cpu_ns = perf_counter_ns(), process_time_ns()
        await asyncio.gather(*(call() for _ in range(callers)))
        wall_s, cpu_us = (perf_counter_ns() - began_ns) / 1e9, (process_time_ns() - cpu_ns) / 1000
        log.close()
    took_us.sort()
    name = f"appends, {callers} at once"
    return Figure(name, count / wall_s, cpu_us / count, took_us[count // 2], took_us[count * 99 // 100])


def bodies(count: int) -> list[bytes]:
    """The same records as bytes, for the neighbours."""
    return [encode(made(number)[0].body) for number in range(count)]


def in_sqlite(folder: Path, rows: list[bytes], group: int) -> Figure:
    """Rows in SQLite with a full sync for each group."""
    with closing(sqlite3.connect(folder / "plain.db", isolation_level=None)) as db:
        db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE entry (id INTEGER PRIMARY KEY, body BLOB)"
        )

        def write(some: list[bytes]) -> None:
            db.execute("BEGIN")
            db.executemany("INSERT INTO entry (body) VALUES (?)", ((each,) for each in some))
            db.execute("COMMIT")

        return _measured(f"SQLite, groups of {group}", rows, group, write)


def in_chain(folder: Path, rows: list[bytes], group: int) -> Figure:
    """A line each, with the hash of the line before, and a sync for each group."""
    last = b""
    with (folder / "chain.log").open("ab", buffering=0) as file:

        def write(some: list[bytes]) -> None:
            nonlocal last
            lines = []
            for each in some:
                last = sha256(last + each).digest()
                lines += [each, last.hex().encode(), b"\n"]
            file.write(b"".join(lines))
            os.fdatasync(file.fileno())

        return _measured(f"hash chain, groups of {group}", rows, group, write)


def _measured(name: str, rows: list[bytes], group: int, write: Callable[[list[bytes]], None]) -> Figure:
    began_ns, cpu_ns = perf_counter_ns(), process_time_ns()
    for at in range(0, len(rows), group):
        write(rows[at : at + group])
    wall_s, cpu_us = (perf_counter_ns() - began_ns) / 1e9, (process_time_ns() - cpu_ns) / 1000
    return Figure(name, len(rows) / wall_s, cpu_us / len(rows))


def verifying(folder: Path, entries: Entries) -> Figure:
    """The whole log, as an auditor reads it: what its records say, too, or only that it is intact."""
    began_ns, cpu_ns = perf_counter_ns(), process_time_ns()
    report = verify(folder, Terms(entries=entries))
    wall_s, cpu_us = (perf_counter_ns() - began_ns) / 1e9, (process_time_ns() - cpu_ns) / 1000
    read = "records read" if entries is Entries.REGENT else "integrity only"
    return Figure(
        f"verify, {read}, {report.records} records", report.records / wall_s, cpu_us / max(1, report.records)
    )


def measure(count: int, folder: Path) -> Iterator[Figure]:
    """Yield every figure."""
    rows = bodies(count)
    for callers in CALLERS:
        some = max(500, count * min(callers, 32) // 32)
        with tempfile.TemporaryDirectory(dir=folder) as place:
            yield uvloop.run(appends(Path(place, "log"), some, callers))
            yield in_sqlite(Path(place), rows[:some], callers)
            yield in_chain(Path(place), rows[:some], callers)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        yield uvloop.run(requests(Path(place, "log"), count, 32))
        for entries in Entries:
            yield verifying(Path(place, "log"), entries)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__)
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="on a disk")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    table = Table("", "a second", "CPU us each", "p50 us", "p99 us")
    for figure in measure(chosen.records, chosen.folder):
        times = (figure.cpu_us, figure.p50_us, figure.p99_us)
        cells = ("" if each is None else f"{each:,.1f}" for each in times)
        table.add_row(figure.name, f"{figure.rate:,.0f}", *cells)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
