"""How fast the audit log is indexed, how fast the index answers, and how large it is.

Run as `python -m bench.audit_index`. It lays out a merged log as a gateway with ten thousand people would
fill it in two months, a few of them busy and most of them not, indexes it in one go, and asks.
"""

from __future__ import annotations

import argparse
import base64
import sqlite3
import statistics
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from time import perf_counter_ns, process_time_ns
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.table import Table

from audit import record as records
from audit.index import schema
from audit.index.indexer import Index
from audit.index.merged import WIDTH, bundle_path
from audit.index.wanted import Filter
from audit.reading.query import query
from audit.tlog.tree import Frontier, leaf_hash
from audit.vault.commitment import commit
from bench.targets import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PEOPLE = 10_000
_DAYS = 60
_DAY_US = 86_400_000_000
_START_US = 1_790_000_000_000_000
_MODELS = ("gpt-4o", "gpt-4o-mini", "demo-small", "mistral-large", "llama-3.3-70b", "gpt-5")
_RULES = tuple(f"rules/request/grants/model_access/model_access.rego:{row}" for row in range(20, 60, 4))
_CONTROLS = ("GDPR-5", "GDPR-32", "GDPR-44", "AI-ACT-12", "ISO-27001-A.8.15")
_REFUSALS = ("access.not_granted", "limits.team", "residency.zone")
_ASKED = 2_000
_ORIGIN = "bench.invalid/audit"


@dataclass(frozen=True, slots=True)
class Latency:
    """How long one kind of question takes, in milliseconds, with opening the files and all.

    Attributes:
        name: the question.
        p50: median.
        p99: 99th percentile.
        rows: found each time, on average.
    """

    name: str
    p50: float
    p99: float
    rows: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found out about one log.

    Attributes:
        records: in the merged log.
        per_s: records indexed a second, by wall clock.
        cpu_us: CPU time of each.
        index_bytes: size of the index.
        log_bytes: size of the entries.
        latencies: of questions.
    """

    records: int
    per_s: float
    cpu_us: float
    index_bytes: int
    log_bytes: int
    latencies: list[Latency]


def _person(number: int) -> int:
    """Somebody; every tenth asks as often as all others together."""
    draw = int.from_bytes(sha256(number.to_bytes(8, "big")).digest()[:6], "big")
    return draw // 2 % (_PEOPLE // 10) if draw % 2 else draw // 2 % _PEOPLE


def _pair(number: int, t_us: int, wseq: int) -> Iterator[bytes]:
    person = _person(number)
    allowed = number % 8 != 0
    fired = number * 7 % 13
    hits: list[dict[str, Any]] = [
        {"id": _RULES[at], "effect": "allow", "controls": [_CONTROLS[at % 5]]}
        for at in range(10)
        if fired >> (at % 4) & 1
    ]
    opening = records.decision(
        request_id=f"req_{sha256(number.to_bytes(8, 'big')).hexdigest()[:32]}",
        action="allow" if allowed else "deny",
        reason_code="allowed" if allowed else _REFUSALS[number % 3],
        tenant="acme",
        team=f"team-{person % 40}",
        sref=f"{person:032x}",
        actor_kind="user",
        auth="oidc",
        op="chat.completions",
        req_model=_MODELS[number * 31 % len(_MODELS)],
        stream=False,
        engine="embedded",
        bundle="sha256:" + "0" * 64,
        revision="r-" + "0" * 32,
        path="gateway/request/decision",
        rules=hits,
        policy_input=commit("input", b"question"),
        payload=[commit("req", b"x" * 200)],
        cost_center=f"cc-{person % 12}",
        tags=(f"app:{person % 25}",),
        keys=(f"team:team-{person % 40}", "org:acme"),
    )
    ends = [
        records.outcome(
            ref=opening.id, deployment=f"d-{number % 5}", provider="p", region="eu", resp_model="m-2026-01",
            resp_id="chatcmpl-012345", finish="stop", in_tok=500, out_tok=200, usage_in=500,
            usage_out=200, estimated=False, total_us=900_000, upstream_us=890_000, attempts=[("a", "served")],
            payload=[commit("resp", b"y" * 200)], cost_micro=1_250 + number % 500, cached=100,
            prices="list-2026-11",
        )
    ] if allowed else []  # fmt: skip
    for at, each in enumerate((opening, *ends)):
        head = {"writer": {"id": f"w{number % 4}", "boot": 0}, "wseq": wseq, "mono_us": t_us}
        yield orjson.dumps(each.body | head | {"t_us": t_us + at * 900_000}, option=orjson.OPT_SORT_KEYS)


def _entries(count: int) -> Iterator[bytes]:
    """Entries of a merged log; an end comes some requests after its decision."""
    step_us = _DAYS * _DAY_US // count
    waiting: list[bytes] = []
    for number in range(count):
        opening, *ends = _pair(number, _START_US + number * 2 * step_us, number)
        yield opening
        waiting += ends
        if len(waiting) > 40:
            yield waiting.pop(0)


def write_log(folder: Path, count: int) -> int:
    """Lay out a merged log of so many records; return how many bytes they have."""
    folder.mkdir(parents=True)
    (folder / "origin.json").write_bytes(orjson.dumps({"created_us": 0, "format": 1, "origin": _ORIGIN}))
    tree, total = Frontier(), 0
    coming = islice(_entries(count), count)
    while bodies := list(islice(coming, WIDTH)):
        path = folder / bundle_path(tree.size // WIDTH, len(bodies))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(len(body).to_bytes(2, "big") + body for body in bodies))
        for body in bodies:
            tree.append(leaf_hash(body))
        total += sum(map(len, bodies))
    root = base64.b64encode(tree.root()).decode()
    (folder / "checkpoint").write_text(f"{_ORIGIN}\n{tree.size}\n{root}\n\n", encoding="utf-8")
    return total


def name_people(folder: Path) -> None:
    """Write the vault's map from people to pseudonyms."""
    (folder / "vault").mkdir()
    db = sqlite3.connect(folder / "vault" / "subjects.db")
    db.execute("CREATE TABLE subject (subject TEXT PRIMARY KEY, sref TEXT NOT NULL UNIQUE) WITHOUT ROWID")
    people = ((f"person-{number}@acme", f"{number:032x}") for number in range(_PEOPLE))
    db.executemany("INSERT INTO subject VALUES (?, ?)", people)
    db.commit()
    db.close()


def _latency(folder: Path, name: str, ask: Callable[[int], Filter], times: int) -> Latency:
    took_ms, rows = [], 0
    for number in range(times):
        wanted = ask(number)
        began_ns = perf_counter_ns()
        rows += sum(1 for _ in query(folder, wanted))
        took_ms.append((perf_counter_ns() - began_ns) / 1e6)
    cuts = statistics.quantiles(took_ms, n=100)
    return Latency(name, cuts[49], cuts[98], rows / times)


def measure(folder: Path, count: int, times: int = _ASKED) -> Measured:
    """Write a log of `count` records in `folder`, index it, and ask each kind of question `times` times."""
    log_bytes = write_log(folder, count)
    name_people(folder)
    began_ns, cpu_ns = perf_counter_ns(), process_time_ns()
    with Index(folder) as index:
        size = index.catch_up().size
    wall_ns, spent_ns = perf_counter_ns() - began_ns, process_time_ns() - cpu_ns
    index_bytes = schema.size_of(folder)

    def person(number: int) -> str:
        return f"person-{_person(number * 31)}@acme"

    def week(number: int, **wanted: Any) -> Filter:
        since_us = _START_US + number * 7919 % (_DAYS - 7) * _DAY_US
        return Filter(since_us=since_us, until_us=since_us + 7 * _DAY_US, **wanted)

    def request(number: int) -> str:
        return f"req_{sha256((number * 97 % (count // 3)).to_bytes(8, 'big')).hexdigest()[:32]}"

    questions: dict[str, Callable[[int], Filter]] = {
        "subject, 7 days": lambda n: week(n, subject=person(n)),
        "subject, latest 50": lambda n: Filter(subject=person(n), limit=50),
        "request id": lambda n: Filter(request_id=request(n)),
        "latest 50": lambda _: Filter(limit=50),
        "rule, latest 50": lambda n: Filter(rule=_RULES[n % 10], limit=50),
        "control, 7 days, latest 50": lambda n: week(n, control=_CONTROLS[n % 5], limit=50),
        "team and reason, 7 days": lambda n: week(n, team=f"team-{n % 40}", reason_code="limits.team"),
        "team, model, rule, latest 50": lambda n: Filter(
            team=f"team-{n % 40}", model=_MODELS[n % 6], rule=_RULES[n % 10], limit=50
        ),
    }
    latencies = [_latency(folder, name, ask, times) for name, ask in questions.items()]
    return Measured(size, size / wall_ns * 1e9, spent_ns / size / 1e3, index_bytes, log_bytes, latencies)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.audit_index", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="on a disk; the log is put there")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="regent-bench-", dir=chosen.folder) as folder:
        found = measure(Path(folder, "audit"), chosen.records)
    table = Table("question", "p50 ms", "p99 ms", "rows")
    for each in found.latencies:
        table.add_row(each.name, f"{each.p50:.2f}", f"{each.p99:.2f}", f"{each.rows:.0f}")
    console = Console()
    console.print(table)
    console.print(
        f"{found.records:,} records of {found.log_bytes / found.records:,.0f} bytes: indexed "
        f"{found.per_s:,.0f} a second ({found.cpu_us:.1f} us of CPU each), "
        f"{found.index_bytes / 2**20:,.0f} MiB of index."
    )


if __name__ == "__main__":
    main()
