"""How many recorded decisions a second a backtest replays, on one core and in how much memory.

Run as `python -m bench.backtest`. It writes a log of its own, as a gateway would: each decision with its
question, and an outcome behind each that was allowed. Two kinds of traffic: a house (2,000 people who ask
for the same things again and again), and one in which nobody ever comes twice, so that nothing can be
remembered by what the policy reads.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns, process_time_ns
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.table import Table

import bundles
from audit import record as records
from audit.log import AuditLog
from audit.reading.recall import Recall, Span
from audit.vault.commitment import commit
from bench.targets import FOLDER
from bundles import bundle as bundle_files
from bundles import manifest as manifests
from bundles.backtest.comparison import Comparison
from bundles.backtest.report import Report
from bundles.backtest.run import run
from gateway.obligations.effect import Obedience

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bundles.bundle import Bundle

_REQUEST = "gateway/request/decision"
_BATCH = 512
_PEOPLE = 2000
_MODELS = ("gpt-4o", "gpt-4o-mini", "demo-small", "mistral-large", "llama-3.3-70b", "gpt-5")
_TEAMS = ("eng", "hr", "sales")
_ROLES = ("analyst", "developer", "engineer")
_START_S = 1_790_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One replay of a whole log."""

    name: str
    decisions: int
    differ: int
    wall_s: float
    cpu_s: float
    peak_mib: float


def question(number: int, people: int) -> dict[str, Any]:
    """What one call asks; the same people, teams and models come again, times and request ids never."""
    person = number * 7919 % people
    model = _MODELS[number * 31 % len(_MODELS)]
    moment = _START_S + number
    clock = f"2026-11-{1 + moment // 86_400 % 28:02}T{moment // 3600 % 24:02}:{moment // 60 % 60:02}:00Z"
    place: dict[str, Any] = {"provider": "p", "model": model, "region": "eu", "labels": []}
    places = [{"id": f"{model}-{zone}", "zone": zone, **place} for zone in ("cloud", "onprem")]
    properties = {
        "issuer": "https://idp.acme.example",
        "roles": [_ROLES[person % 3]],
        "groups": ["all", f"floor-{person % 9}"],
        "claims": {"department": f"d{person % 40}"},
        "authentication": {"method": "oidc", "age_s": number % 3600},
        "organization": "acme",
        "team": _TEAMS[person % len(_TEAMS)],
    }
    labels = ["hr"] if number % 10 == 0 else []
    action = {"stream": number % 2 == 0, "tools": [], "modalities": ["text"], "max_tokens": 1024}
    return {
        "version": 1,
        "subject": {"type": "user", "id": f"person-{person}@acme", "properties": properties},
        "action": {"name": "chat.completions", "properties": action},
        "resource": {"type": "model", "id": model, "properties": {"deployments": places}},
        "context": {
            "time": clock,
            "request_id": f"req_{number:032x}",
            "network": {"client_ip": f"10.0.{person // 250}.{person % 250}"},
            "content": {"labels": labels, "tokens": {"prompt": number % 4000, "completion_limit": 1024}},
        },
    }


async def write_log(folder: Path, decisions: int, people: int, revision: str) -> None:
    """Write a log of so many decisions, each with its question, four of five with an outcome."""
    async with AuditLog.open(folder, "bench.invalid/audit") as log:
        for start in range(0, decisions, _BATCH):
            several = range(start, min(start + _BATCH, decisions))
            made = [each for number in several for each in _records(number, people, revision)]
            await asyncio.gather(*map(log.append, made))


def _records(number: int, people: int, revision: str) -> Iterator[records.Record]:
    asked = question(number, people)
    data = orjson.dumps(asked)
    team = asked["subject"]["properties"]["team"]
    allowed = number % 5 != 0
    opening = records.decision(
        request_id=f"req_{number:032x}",
        action="allow" if allowed else "deny",
        reason_code="allowed" if allowed else "access.not_granted",
        tenant="acme",
        team=team,
        sref=f"{number % people:032x}",
        actor_kind="user",
        auth="oidc",
        op="chat.completions",
        req_model=asked["resource"]["id"],
        stream=False,
        engine="embedded",
        bundle="sha256:" + "0" * 64,
        revision=revision,
        path=_REQUEST,
        rules=[{"id": "rules/request/grants/model_access/model_access.rego:21", "effect": "allow"}],
        policy_input=commit("input", data),
        question=data,
        payload=[commit("req", b"x" * 200)],
    )
    yield opening
    if allowed:
        yield records.outcome(
            ref=opening.id, deployment="a", provider="p", region="eu", resp_model="m", resp_id="r",
            finish="stop", in_tok=1, out_tok=1, usage_in=1, usage_out=1, estimated=False, total_us=1,
            upstream_us=1, attempts=[("a", "served")], payload=[commit("resp", b"y" * 200)],
        )  # fmt: skip


def stricter(bundle: Bundle) -> Bundle:
    """The shipped bundle with tighter data: analysts lose one model, developers get shorter answers."""
    data = orjson.loads(bundle.files[manifests.DATA])
    data["regent"]["roles"]["analyst"]["models"] = ["demo-*", "gpt-4o"]
    data["regent"]["roles"]["developer"]["max_tokens"] = 512
    files = {**bundle.files, manifests.DATA: orjson.dumps(data)}
    files[manifests.NAME] = manifests.stamped(files, dict(bundle.manifest))
    return bundle_files.from_files(files)


def replay(name: str, folder: Path, active: Bundle, candidate: Bundle) -> Measured:
    """Replay a whole log once, in this process."""
    report = Report()
    began_ns, cpu_ns = perf_counter_ns(), process_time_ns()
    run(Recall(folder, Span()), Comparison(active, candidate, Obedience()), report)
    wall_ns, spent_ns = perf_counter_ns() - began_ns, process_time_ns() - cpu_ns
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if report.doubtful or report.replayed != report.read:
        raise RuntimeError(f"{name}: the log that was written is not the one that was read")
    return Measured(name, report.replayed, report.changes.total(), wall_ns / 1e9, spent_ns / 1e9, peak_mib)


def main(arguments: list[str] | None = None) -> None:
    """Write the logs, replay them, print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.backtest", description=__doc__)
    parser.add_argument("--decisions", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="on a disk; the logs are put there")
    chosen = parser.parse_args(arguments)
    active = bundle_files.read(bundles.default_path())
    candidate = stricter(active)
    table = Table("traffic", "decisions", "differ", "a second, by CPU", "CPU us each", "wall s", "peak MiB")
    for name, people in (("a house of 2,000 people", _PEOPLE), ("nobody comes twice", chosen.decisions)):
        with tempfile.TemporaryDirectory(prefix="regent-bench-", dir=chosen.folder) as folder:
            asyncio.run(write_log(Path(folder, "audit"), chosen.decisions, people, active.revision))
            found = replay(name, Path(folder, "audit"), active, candidate)
        each_us = found.cpu_s / found.decisions * 1e6
        table.add_row(
            name,
            f"{found.decisions:,}",
            f"{found.differ:,}",
            f"{1e6 / each_us:,.0f}",
            f"{each_us:.1f}",
            f"{found.wall_s:.1f}",
            f"{found.peak_mib:.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
