"""What the parts of a request cost alone: each in a tight loop, the best of seven runs.

Run as `python -m bench.parts`. Warm caches and no waiting make these lower bounds: in place everything
costs more, so they say where time could be saved, not how long a request takes. Longer than other rooms:
every part needs a stand-in for what it would wait for.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter_ns, process_time_ns
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import uvloop
from rich.console import Console
from rich.table import Table

import bundles
from adapters.contract import Target
from adapters.openai import OpenAIChat
from audit.canonical import encode
from audit.log import AuditLog
from audit.vault.commitment import commit
from audit.writing.group import Receipt
from bench import conversation
from bench.targets import FOLDER
from bundles import bundle
from gateway import identity, logs, settings
from gateway.content.tokens import Estimator
from gateway.engine.embedded import EmbeddedEngine
from gateway.identity import development
from gateway.ports import Upstream
from gateway.question import ADMISSION, REQUEST, describe, with_content
from gateway.routing.catalogue import Catalogue
from gateway.steps import record
from gateway.steps.admit import admit
from gateway.steps.authenticate import authenticate
from gateway.steps.decide import decide
from gateway.steps.enforce import enforce, insist
from gateway.steps.forward import forward
from gateway.steps.inspect import inspect
from gateway.steps.receive import receive
from gateway.steps.release import release
from gateway.types import Deployment, RawRequest, Trail

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from adapters.transport import Transport
    from audit.record import Record
    from gateway.ports import Identity, Ports
    from gateway.types import Call, Principal

_RUNS = 7
_RUN_NS = 20_000_000
_CALLERS = 32
_APPENDS_EACH = 40


@dataclass(frozen=True, slots=True)
class Cost:
    """What one part costs, in microseconds each time.

    Args:
        cpu_us: CPU time of all threads, where the part also waits; None where it doesn't.
    """

    part: str
    us: float
    cpu_us: float | None = None


class _Unwritten:
    """Stands for the log where only the making of its records counts; keeps the last one."""

    def __init__(self, log: AuditLog) -> None:
        self.sref = log.sref
        self.certify = log.certify
        self.durability = log.durability
        self.last: Record | None = None

    async def append(self, made: Record) -> Receipt:
        """Keep the record instead of writing it."""
        self.last = made
        return Receipt("w0", 0, 0, 0, "00" * 32, 0)

    def append_soon(self, made: Record) -> None:
        """Keep the record instead of writing it."""
        self.last = made


class _Canned:
    """Stands for transport, endpoint and response of an upstream whose answer is here already."""

    status = 200

    def __init__(self) -> None:
        self._body = conversation.completion()

    def endpoint(self, *_: object) -> _Canned:
        """See `Transport.endpoint`."""
        return self

    async def post(self, *_: object, **__: object) -> _Canned:
        """See `Endpoint.post`."""
        return self

    def header(self, name: str) -> str | None:
        """See `Response.header`."""
        return "application/json" if name == "content-type" else None

    async def read(self, *_: object) -> bytes:
        """See `Response.read`."""
        return self._body

    def close(self) -> None:
        """Nothing is open."""


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that waits for nothing; the loop's own cost stays out."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("a part waited for something")


def _best_us(part: Callable[[], object]) -> float:
    began_ns = perf_counter_ns()
    part()
    times = max(1, _RUN_NS // (perf_counter_ns() - began_ns))
    best_ns = float("inf")
    for _ in range(_RUNS):
        began_ns = perf_counter_ns()
        for _ in range(times):
            part()
        best_ns = min(best_ns, (perf_counter_ns() - began_ns) / times)
    return best_ns / 1000


def _raw(token: str) -> RawRequest:
    payload = conversation.request(streamed=False)

    async def read() -> bytes:
        return payload

    headers = {
        b"host": (b"127.0.0.1:8080",),
        b"content-type": (b"application/json",),
        b"authorization": (f"Bearer {token}".encode(),),
    }
    return RawRequest("chat.completions", "req_" + "0" * 32, "0" * 32, headers, "127.0.0.1", _now_us(), read)


def _now_us() -> int:
    return time.time_ns() // 1000


async def steps(raw: RawRequest, people: Identity, log: AuditLog) -> list[Cost]:
    """What each step costs, in the order of the pipeline; the log takes records but writes none."""
    limits, engine = settings.Limits(), EmbeddedEngine(bundle.read(bundles.default_path()))
    model = conversation.MODEL
    candidates = Catalogue([Deployment("mock", "mock", model, model, "cloud", "loopback")]).serving(model)
    adapter = OpenAIChat(Target(base_url="http://127.0.0.1:1/v1"), cast("Transport", _Canned()))
    upstreams = {"mock": Upstream(adapter, "max_completion_tokens", 5, 60, 60, 600)}
    unwritten = _Unwritten(log)
    silent = cast("AuditLog", unwritten)

    principal = await authenticate(raw, people)
    await log.sref(principal.id)
    call = await receive(raw, limits)
    now_us = raw.received_us
    estimator = Estimator([model])
    findings = inspect(call, candidates, engine, estimator)
    question = describe(call, principal, now_us, candidates.documents)
    admission = await admit(question, engine)
    decision = await decide(question, call, candidates, findings, engine)
    permitted = enforce(call, principal, candidates, insist(admission), decision)
    reply = await forward(permitted, upstreams, [])
    trail = Trail(raw, call, principal, decision, permitted, reply=reply)
    bare, full = question.document, with_content(question, call, findings).document
    await record.opening(trail, _house(silent))
    assert unwritten.last is not None
    body = unwritten.last.body

    parts: dict[str, Callable[[], object]] = {
        "receive": lambda: _at_once(receive(raw, limits)),
        "authenticate, token known": lambda: _at_once(authenticate(raw, people)),
        "describe": lambda: describe(call, principal, now_us, candidates.documents),
        "engine, gateway/admission": lambda: _at_once(engine.ask(ADMISSION, bare)),
        "admit (engine, answer)": lambda: _at_once(admit(question, engine)),
        "inspect": lambda: inspect(call, candidates, engine, estimator),
        "engine, gateway/request": lambda: _at_once(engine.ask(REQUEST, full)),
        "decide (engine, answer)": lambda: _at_once(decide(question, call, candidates, findings, engine)),
        "enforce": lambda: enforce(call, principal, candidates, insist(admission), decision),
        "record.opening, made": lambda: _at_once(record.opening(trail, _house(silent))),
        "  of it one commitment": lambda: commit("req", call.payload).finish(),
        "record.opening, encoded": lambda: encode(body),
        "forward, without network": lambda: _at_once(forward(permitted, upstreams, [])),
        "release": lambda: release(reply, permitted, trail.delivery, None, _settled),
        "record.closing, made": lambda: record.closing(trail, silent, now_us),
    }
    costs = [Cost(name, _best_us(part)) for name, part in parts.items()]
    return [*costs, await _log_line(trail)]


async def _settled() -> None:
    """Nothing was held."""


def _house(log: AuditLog) -> Ports:
    return cast("Ports", SimpleNamespace(log=log, vouched=lambda: True))


async def _log_line(trail: Trail) -> Cost:
    """Lines to a file, as many in one turn of the loop as there are callers."""
    best_ns = float("inf")
    with tempfile.TemporaryFile(buffering=0) as file:
        logs.configure(settings.Log(), file.write)
        for _ in range(_RUNS * 20):
            began_ns = perf_counter_ns()
            for _ in range(_CALLERS):
                logs.request(trail, trail.raw.received_us)
            await asyncio.sleep(0)
            best_ns = min(best_ns, (perf_counter_ns() - began_ns) / _CALLERS)
    return Cost("log line", best_ns / 1000)


async def appends(raw: RawRequest, people: Identity, log: AuditLog) -> Cost:
    """Durable appends, each awaited, by as many callers at once as the load has connections."""
    principal = await authenticate(raw, people)
    call = await receive(raw, settings.Limits())
    best = Cost("", float("inf"), float("inf"))
    for _ in range(_RUNS):
        records = [await _record(raw, call, principal, log) for _ in range(_CALLERS * _APPENDS_EACH)]
        began_ns, cpu_ns = perf_counter_ns(), process_time_ns()
        await asyncio.gather(*(_append(records[number::_CALLERS], log) for number in range(_CALLERS)))
        wall_ns, spent_ns = perf_counter_ns() - began_ns, process_time_ns() - cpu_ns
        if spent_ns / len(records) / 1000 < (best.cpu_us or 0):
            name = f"append, durable, {_CALLERS} callers"
            best = Cost(name, wall_ns / len(records) / 1000, spent_ns / len(records) / 1000)
    return best


async def _append(records: Sequence[Record], log: AuditLog) -> None:
    for made in records:
        await log.append(made)


async def _record(raw: RawRequest, call: Call, principal: Principal, log: AuditLog) -> Record:
    unwritten = _Unwritten(log)
    await record.opening(
        Trail(replace(raw, decision_id=secrets.token_hex(16)), call, principal),
        _house(cast("AuditLog", unwritten)),
    )
    assert unwritten.last is not None
    return unwritten.last


async def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="regent-bench-", dir=FOLDER) as folder:
        home = Path(folder)
        chosen = settings.IdentitySettings(development=settings.Development(enabled=True))
        people = identity.build(chosen, home, settings.Limits())
        token = development.issue(home, "bench", team="eng", roles=("engineer",))
        async with AuditLog.open(home / "audit", "bench.invalid/audit") as log:
            costs = await steps(_raw(token), people, log)
            costs.append(await appends(_raw(token), people, log))
        await people.close()
    table = Table("part", "us", "CPU us")
    for cost in costs:
        table.add_row(cost.part, f"{cost.us:.1f}", "" if cost.cpu_us is None else f"{cost.cpu_us:.1f}")
    Console().print(table)


if __name__ == "__main__":
    uvloop.run(main())
