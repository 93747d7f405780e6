"""The catalogue's many decisions are all of one revision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import orjson

from audit.durability import Durability
from gateway import listing
from gateway.content.tokens import Estimator
from gateway.engine.pinned import TRIES, OneRevision
from gateway.ports import Ports, Ruling
from gateway.routing.catalogue import Catalogue
from gateway.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.types import Answer, Principal, UnverifiedToken
    from tests.gateway.conftest import Builders

ROUTE = {"kind": "route", "deployments": ["echo-cloud"], "strategy": "ordered"}
RETAIN = {"kind": "retain", "payload": "none", "days": 1}


class House:
    """An OPA that answers with one revision after the other, and everything else that a listing needs."""

    name = "opa"
    release = None
    available = True

    def __init__(self, build: Builders, *revisions: str) -> None:
        self._person = build.principal()
        self._revisions = list(revisions)
        self.asked: list[str] = []
        self.kept: list[dict[str, Any]] = []
        self.answers: list[Answer] = []
        self.ports = Ports(
            identity=self,
            policies=self,
            log=cast("Any", self),
            catalogue=Catalogue([build.deployment(), build.deployment("echo-2", serves="demo-2")]),
            upstreams={},
            limits=Limits(),
            tokens=Estimator(),
            now_us=lambda: 0,
        )

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        revision = self._revisions.pop(0) if len(self._revisions) > 1 else self._revisions[0]
        self.asked.append(revision)
        obligations = [] if "admission" in entrypoint else [ROUTE, RETAIN]
        return Ruling({"allow": True, "reasons": [], "obligations": obligations, "advice": []}, revision)

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        return False

    async def close(self) -> None: ...

    def current(self) -> OneRevision:
        return OneRevision(self)

    async def change(self) -> None: ...

    async def principal(self, token: UnverifiedToken) -> Principal:
        return self._person

    async def append(self, record: Any) -> None:
        self.kept.append(record.body)

    durability = Durability.STRICT

    def certify(self, receipt: object) -> str:
        return "receipt"

    def append_soon(self, record: Any) -> None:
        self.kept.append(record.body)

    async def sref(self, subject: str) -> str:
        return "pseudonym"

    async def deliver(self, answer: Answer) -> None:
        self.answers.append(answer)


async def test_a_change_between_two_models_begins_the_list_anew(build: Builders) -> None:
    """A list of which one half is by the old policy would be nobody's."""
    house = House(build, "r-1", "r-1", "r-2")
    await listing.serve(build.raw(action="models.list"), house.ports, house.deliver)

    (answer,) = house.answers
    assert answer.status == 200
    assert house.asked == ["r-1", "r-1", "r-2", "r-2", "r-2", "r-2"]
    assert house.kept[0]["policy"]["revision"] == "r-2"


async def test_a_policy_that_never_stops_changing_lists_nothing(build: Builders) -> None:
    """An empty list would say that the caller may use nothing."""
    house = House(build, *(f"r-{number}" for number in range(100)))
    await listing.serve(build.raw(action="models.list"), house.ports, house.deliver)

    (answer,) = house.answers
    assert answer.status == 503
    assert orjson.loads(cast("bytes", answer.body))["error"]["code"] == "policy.changing"
    assert len(house.asked) == 3 * TRIES
