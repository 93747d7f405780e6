"""A change of policy under load: picked up by every worker no request dropped or mixed."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self

import aiohttp
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from bundles.bundle import Bundle
    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer
    from tests.servers.policy_bundles import PolicyStore

    Variant = Callable[..., Bundle]

pytestmark = pytest.mark.engine("embedded")
REVISION = "x-regent-policy-revision"
CALLERS = 8
PAUSE_S = 0.02
ACTIVATIONS = 12
PROMPTLY_S = 20
"""A gateway that had to look by itself, each minute, would need longer."""


def deciding(gateway: GatewayServer) -> dict[str, str]:
    """The revision that each worker says it decides by."""
    return {
        record["writer"]["id"]: record["policy"]["revision"]
        for record in gateway.records("policy.load")
        if record["result"] == "active"
    }


class Load:
    """Callers who hardly pause, over connections of their own."""

    def __init__(self, gateway: GatewayServer, http_client: Http) -> None:
        self._url = gateway.url + http_client.CHAT
        self._body = http_client.hello()
        self._headers = {"authorization": f"Bearer {gateway.token()}"}
        self.answers: list[tuple[float, int, str, str]] = []
        self.took_s: list[float] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._tasks = [asyncio.create_task(self._call()) for _ in range(CALLERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        await asyncio.gather(*self._tasks)
        await self._session.close()

    _stopping = False

    async def _call(self) -> None:
        while not self._stopping:
            began = time.monotonic()
            async with self._session.post(self._url, json=self._body, headers=self._headers) as answer:
                await answer.read()
                names = answer.headers
                ended = time.monotonic()
                self.took_s.append(ended - began)
                self.answers.append(
                    (began, answer.status, names.get(REVISION, ""), names["x-regent-decision-id"])
                )
            await asyncio.sleep(PAUSE_S)


@pytest.mark.slow
async def test_many_activations_under_load(
    gateway_server: Callable[..., GatewayServer],
    policy_store: PolicyStore,
    bundle_variant: Variant,
    http_client: Http,
) -> None:
    """Two workers, hundreds of calls a second: all are answered, and each by the revision of its record."""
    revisions = [
        policy_store.release(bundle_variant(number, plan=number % 2 == 1)) for number in range(ACTIVATIONS)
    ]
    policy_store.activate(revisions[0])
    gateway = gateway_server(
        workers=2,
        policy={"engine": "embedded", "store": str(policy_store.folder), "trust": {"approvals": 0}},
        log={"level": "warning"},
    )
    activated: dict[str, float] = {}
    async with Load(gateway, http_client) as load:
        began = time.monotonic()
        for revision in revisions[1:]:
            await asyncio.sleep(1.2)
            policy_store.activate(revision)
            activated[revision] = time.monotonic()
        async with asyncio.timeout(PROMPTLY_S):
            last = dict.fromkeys(("w0", "w1"), revisions[-1])
            while await asyncio.to_thread(deciding, gateway) != last:  # noqa: ASYNC110 - tells nobody
                await asyncio.sleep(0.3)
        lasted = time.monotonic() - began
    gateway.stop()

    assert {status for _, status, _, _ in load.answers} == {200}
    known = {record["id"]: record["policy"]["revision"] for record in gateway.records("decision")}
    assert [each for each in load.answers if known[each[3]] != each[2]] == []
    order = {revision: number for number, revision in enumerate(revisions)}
    last_of_old = {
        revision: max(at for at, _, by, _ in load.answers if order[by] < order[revision])
        - activated[revision]
        for revision in revisions[1:]
    }
    took = sorted(load.took_s)
    print(  # noqa: T201 - `pytest -s` shows what was measured
        f"\n{len(took) / lasted:.0f} calls a second; a change decides everywhere after at most "
        f"{max(last_of_old.values()) * 1000:.0f} ms; p50 {took[len(took) // 2] * 1000:.1f} ms, "
        f"p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, longest {took[-1] * 1000:.1f} ms"
    )
    assert max(last_of_old.values()) < PROMPTLY_S
    # A worker that is still loading may miss one that was active for a moment only, never the last one.
    assert {load["policy"]["revision"] for load in gateway.records("policy.load")} <= set(revisions)
    assert deciding(gateway) == dict.fromkeys(("w0", "w1"), revisions[-1])
