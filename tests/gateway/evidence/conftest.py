"""A real log behind the surfaces of the audit log, with doubles for who asks and who decides."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest

from audit import frames
from audit.accesses import Accesses
from audit.index.indexer import Index
from audit.keys import LogKeys
from audit.log import AuditLog
from audit.merging.folder import FolderWriters
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.merging.shelf import Shelf
from audit.ports import Ports as MachinePorts
from audit.reading.desk import Desk
from audit.record import decision, outcome
from gateway.content.tokens import Estimator
from gateway.errors import Refused
from gateway.policy.live import Live
from gateway.ports import Evidence, Ports, Release, Ruling
from gateway.settings import Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from gateway.types import Answer, Principal, RawRequest, UnverifiedToken
    from tests.gateway.conftest import Builders

    Steps = Callable[[RawRequest, Ports, Callable[[Answer], Awaitable[None]]], Awaitable[None]]

ORIGIN = "regent.example/audit"
ALLOW: dict[str, Any] = {"allow": True, "reasons": [], "obligations": [], "advice": []}
DENY: dict[str, Any] = {
    **ALLOW,
    "allow": False,
    "reasons": [{"id": "house.rule", "user": "No.", "admin": "", "controls": []}],
}


class Engine:
    """Answers the one question as the test says."""

    name = "double"

    def __init__(self) -> None:
        self.answer: object = ALLOW
        self.revision = "r-1"
        self.asked: list[Mapping[str, Any]] = []

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        assert entrypoint == "gateway/admin/decision"
        self.asked.append(document)
        return Ruling(self.answer, self.revision)

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        return False

    async def close(self) -> None: ...


class Answered:
    """An answer, with its headers by name."""

    def __init__(self, answer: Answer) -> None:
        assert isinstance(answer.body, bytes)
        self.status = answer.status
        self.body = answer.body
        self.headers = {name.decode(): value.decode() for name, value in answer.headers}

    @property
    def json(self) -> Any:
        """The body."""
        return orjson.loads(self.body)

    @property
    def code(self) -> str:
        """Why it was refused."""
        return str(self.json["error"]["code"])


class Scene:
    """A gateway whose log somebody wants to read."""

    def __init__(self, build: Builders, folder: Path, log: AuditLog) -> None:
        self._build = build
        self.folder = folder
        self.log = log
        self.engine = Engine()
        self.person: Principal | Refused = build.principal(id="auditor@acme", team=None)
        self.desk = Desk(folder)
        self.accesses = Accesses(log)
        self.vouched = True
        self.deliver_to: Callable[[Answer], Awaitable[None]] | None = None
        self._answers: list[Answer] = []
        self._policies = Live()
        self._policies.activate(self.engine, Release("r-1", b""))

    async def principal(self, token: UnverifiedToken) -> Principal:
        if isinstance(self.person, Refused):
            raise self.person
        return self.person

    def house(self) -> Ports:
        """The ports."""
        return Ports(
            identity=self,
            policies=self._policies,
            log=self.log,
            catalogue=cast("Any", None),
            upstreams={},
            limits=Limits(),
            tokens=Estimator(),
            now_us=lambda: 0,
            vouched=lambda: self.vouched,
            evidence=Evidence(self.desk, self.accesses),
        )

    async def ask(
        self, steps: Steps, action: str, path: str = "", parameters: str = "", **headers: str
    ) -> Answered:
        """Ask and read the answer."""
        await steps(self.raw(action, path, parameters, **headers), self.house(), self._deliver)
        return Answered(self._answers[-1])

    def raw(self, action: str, path: str = "", parameters: str = "", **headers: str) -> RawRequest:
        """A question."""
        number = f"{len(self._answers):032x}"
        given = {name.encode(): (value.encode(),) for name, value in headers.items()}
        return self._build.raw(
            action=action,
            decision_id=number,
            request_id=f"req_{number}",
            subpath=path,
            parameters=parameters.encode("latin-1"),
            headers={b"authorization": (b"Bearer t",), **given},
        )

    async def _deliver(self, answer: Answer) -> None:
        self._answers.append(answer)
        if self.deliver_to is not None:
            await self.deliver_to(answer)

    def merge(self) -> int:
        """Merge, publish and index what is durable; the size."""
        shelf, writers = Shelf(self.folder), FolderWriters(self.folder)
        ports = MachinePorts()
        sequencer = Sequencer(writers, shelf, LogNotary(LogKeys.read(self.folder, ORIGIN), ports), ports)
        sequencer.turn()
        writers.close()
        shelf.close()
        with Index(self.folder) as index:
            index.catch_up()
        return sequencer.size

    async def records(self, *kinds: str) -> list[dict[str, Any]]:
        """The records of these kinds; those that nobody waits for cross with one that is waited for."""
        await self.log.append(decision_record("marker"))
        found = []
        for path in sorted((self.folder / "writers" / "w0" / "seg").glob("*.log")):
            found += [orjson.loads(body) for _, body in frames.scan(path.read_bytes())]
        return [each for each in found if each["typ"] in kinds and each.get("req", {}).get("id") != "marker"]

    async def accessed(self) -> list[dict[str, Any]]:
        """The records of accesses."""
        return await self.records("access")

    async def denied(self) -> list[dict[str, Any]]:
        """The records of refusals of this surface."""
        return [each for each in await self.records("decision") if each["decision"]["action"] == "deny"]


def decision_record(request: str, **changes: Any) -> Any:
    """A decision in the log."""
    fields: dict[str, Any] = {
        "request_id": request, "action": "allow", "reason_code": "allowed", "tenant": "acme", "team": "hr",
        "sref": None, "actor_kind": "user", "auth": "oidc", "op": "chat.completions", "req_model": "gpt-4o",
        "stream": False, "engine": "embedded", "bundle": None, "revision": "r1", "path": "p",
    }  # fmt: skip
    return decision(**{**fields, **changes})


@asynccontextmanager
async def set_up(build: Builders, folder: Path) -> AsyncIterator[Scene]:
    """Make a log with three requests: alice's and bob's, answered, and one of nobody's, not ended."""
    async with AuditLog.open(folder, ORIGIN) as log:
        for name in ("alice@acme", "bob@acme"):
            made = decision_record(f"of-{name}", sref=await log.sref(name), team=name.partition("@")[0])
            await log.append(made)
            await log.append(
                outcome(
                    ref=made.id, deployment="onprem", provider="vllm", region="x", resp_model="m",
                    resp_id="i", finish="stop", in_tok=1, out_tok=2, usage_in=1, usage_out=2,
                    estimated=False, total_us=1, upstream_us=1,
                )
            )  # fmt: skip
        await log.append(decision_record("of-nobody"))
        scene = Scene(build, folder, log)
        yield scene
        scene.desk.close()
        await scene.accesses.close()


@pytest.fixture
async def scene(build: Builders, tmp_path: Path) -> AsyncIterator[Scene]:
    """A gateway with a log of three requests, none merged yet."""
    async with set_up(build, tmp_path / "audit") as scene:
        yield scene
