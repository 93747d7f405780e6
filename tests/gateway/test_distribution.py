"""The bundle protocol with doubles around it: who gets the active bundle, when, and what is recorded."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest

from audit.durability import Durability
from gateway import distribution
from gateway.content.tokens import Estimator
from gateway.errors import Refused
from gateway.policy.live import Live
from gateway.ports import Ports, Release, Ruling
from gateway.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from audit.log import AuditLog
    from audit.record import Record
    from gateway.types import Answer, Principal, RawRequest, UnverifiedToken
    from tests.gateway.conftest import Builders

ALLOW: dict[str, Any] = {"allow": True, "reasons": [], "obligations": [], "advice": []}
DENY = {
    **ALLOW,
    "allow": False,
    "reasons": [{"id": "house.rule", "user": "No.", "admin": "", "controls": []}],
}
TYPE = b"application/vnd.openpolicyagent.bundles"


class Engine:
    """Answers the one question as the test says."""

    name = "double"

    def __init__(self, revision: str, answer: object = ALLOW) -> None:
        self._revision = revision
        self._answer = answer
        self.asked: list[Mapping[str, Any]] = []

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        assert entrypoint == "gateway/admin/decision"
        self.asked.append(document)
        return Ruling(self._answer, self._revision)

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        return False

    async def close(self) -> None: ...


class Log:
    """Keeps records."""

    available = True
    durability = Durability.STRICT

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.failures: list[str] = []

    async def append(self, record: Record) -> None:
        self.kept.append(record.body)

    def certify(self, receipt: object) -> str:
        return "receipt"

    def append_soon(self, record: Record) -> None:
        self.kept.append(record.body)

    def auth_failure(self, code: str) -> None:
        self.failures.append(code)

    async def sref(self, subject: str) -> str:
        return "pseudonym"


class Scene:
    """A gateway with an active bundle, and who asks it for that."""

    def __init__(self, build: Builders) -> None:
        self._build = build
        self.log = Log()
        self.policies = Live()
        self.person: Principal | Refused = build.principal(type="service")
        self.answers: list[Answer] = []
        self.stops: list[Callable[[], None]] = []

    def activate(self, revision: str, answer: object = ALLOW) -> Engine:
        """Have a bundle decide from here on."""
        engine = Engine(revision, answer)
        self.policies.activate(engine, Release(revision, f"archive of {revision}".encode()))
        return engine

    async def principal(self, token: UnverifiedToken) -> Principal:
        if isinstance(self.person, Refused):
            raise self.person
        return self.person

    async def deliver(self, answer: Answer) -> None:
        self.answers.append(answer)

    def raw(self, **headers: str) -> RawRequest:
        """A question with these headers."""
        given = {name.replace("_", "-").encode(): (value.encode(),) for name, value in headers.items()}
        return self._build.raw(
            action="bundle.read",
            headers={b"authorization": (b"Bearer t",), **given},
            on_stop=self.stops.append,
        )

    async def ask(self, **headers: str) -> Answer:
        """Ask and read the answer."""
        house = Ports(
            identity=self,
            policies=self.policies,
            log=cast("AuditLog", self.log),
            catalogue=cast("Any", None),
            upstreams={},
            limits=Limits(),
            tokens=Estimator(),
            now_us=lambda: 0,
        )
        await distribution.serve(self.raw(**headers), house, self.deliver)
        return self.answers[-1]


def named(answer: Answer) -> dict[bytes, bytes]:
    """An answer's headers."""
    return dict(answer.headers)


@pytest.fixture
def scene(build: Builders) -> Scene:
    """A gateway whose bundle is `r-1`."""
    made = Scene(build)
    made.activate("r-1")
    return made


async def test_the_archive_is_handed_on_as_it_is(scene: Scene) -> None:
    """With its revision as ETag, and the type by which OPA knows that questions are held."""
    answer = await scene.ask()

    assert (answer.status, answer.body) == (200, b"archive of r-1")
    assert named(answer)[b"etag"] == b'"r-1"'
    assert named(answer)[b"content-type"] == TYPE
    assert named(answer)[b"x-regent-policy-revision"] == b"r-1"


async def test_every_access_is_recorded(scene: Scene) -> None:
    """Who, what and by which policy; and that it was served."""
    await scene.ask()
    opening, closing = scene.log.kept

    assert (opening["gen_ai"]["op"], opening["sref"], opening["actor"]["kind"]) == (
        "bundle.read",
        "pseudonym",
        "service",
    )
    assert (opening["policy"]["revision"], opening["policy"]["path"]) == ("r-1", "gateway/admin/decision")
    assert (closing["typ"], closing["ref"]) == ("outcome", opening["id"])


async def test_the_question_names_the_wish_and_nothing_of_a_model(scene: Scene) -> None:
    """What a policy sees of an administrator's wish."""
    engine = scene.activate("r-2")
    await scene.ask()

    (question,) = engine.asked
    assert question["action"] == {"name": "bundle.read", "properties": {}}
    assert question["resource"] == {"type": "admin", "id": "regent", "properties": {}}
    assert question["subject"]["type"] == "service"
    assert set(question["context"]) == {"time", "request_id", "network"}


@pytest.mark.parametrize("known", ['"r-1"', 'W/"r-1"', '"r-0", "r-1"', "*"])
async def test_who_has_it_gets_nothing(known: str, scene: Scene) -> None:
    """A 304 with the same ETag and type, since OPA goes by the type of each answer; and it is recorded."""
    answer = await scene.ask(if_none_match=known)

    assert (answer.status, answer.body) == (304, b"")
    assert named(answer)[b"etag"] == b'"r-1"'
    assert named(answer)[b"content-type"] == TYPE
    assert [record["typ"] for record in scene.log.kept] == ["decision", "outcome"]


@pytest.mark.parametrize("known", ['"r-2"', '"r-11"', "r-1", '"r-1', ""])
async def test_who_has_another_one_gets_this_one(known: str, scene: Scene) -> None:
    """An ETag that isn't exactly this revision is another bundle's."""
    assert (await scene.ask(if_none_match=known)).status == 200


@pytest.mark.parametrize(
    "prefer",
    ["wait=20", "modes=snapshot;wait=20", "modes=snapshot,delta;wait=20", 'respond-async, wait="20"'],
)
async def test_a_question_is_held_until_there_is_an_answer(prefer: str, scene: Scene) -> None:
    """In every spelling that OPA and others use; what comes is decided about by the new bundle."""
    asking = asyncio.ensure_future(scene.ask(if_none_match='"r-1"', prefer=prefer))
    await asyncio.sleep(0.02)
    assert not asking.done()
    engine = scene.activate("r-2")
    answer = await asyncio.wait_for(asking, 5)

    assert (answer.status, answer.body) == (200, b"archive of r-2")
    assert len(engine.asked) == 1
    assert scene.log.kept[0]["policy"]["revision"] == "r-2"


async def test_a_question_is_held_no_longer_than_asked(scene: Scene) -> None:
    """Then the answer is that nothing has changed."""
    began = asyncio.get_running_loop().time()
    answer = await scene.ask(if_none_match='"r-1"', prefer="wait=1")

    assert answer.status == 304
    assert 0.9 < asyncio.get_running_loop().time() - began < 3


@pytest.mark.parametrize(
    "prefer", ["", "wait", "wait=", "wait=-5", "wait=x", "await=5", "wait=0", "waiting=5"]
)
async def test_other_preferences_are_none(prefer: str, scene: Scene) -> None:
    """A preference that can't be read is ignored (RFC 7240 section 2), so the answer comes at once."""
    assert (await asyncio.wait_for(scene.ask(if_none_match='"r-1"', prefer=prefer), 0.5)).status == 304


async def test_the_same_revision_again_is_no_news(scene: Scene) -> None:
    """A bundle that was signed anew has the same content: who waits goes on waiting."""
    asking = asyncio.ensure_future(scene.ask(if_none_match='"r-1"', prefer="wait=20"))
    await asyncio.sleep(0.02)
    scene.activate("r-1")
    await asyncio.sleep(0.02)
    assert not asking.done()
    scene.activate("r-2")

    assert (await asyncio.wait_for(asking, 5)).status == 200


async def test_a_stop_lets_go_of_who_waits(scene: Scene) -> None:
    """A gateway that is to stop doesn't wait for the end of long questions."""
    asking = asyncio.ensure_future(scene.ask(if_none_match='"r-1"', prefer="wait=300"))
    await asyncio.sleep(0.02)
    scene.stops[0]()

    assert (await asyncio.wait_for(asking, 1)).status == 304


async def test_who_may_not_is_told_at_once(scene: Scene) -> None:
    """Nobody without permission holds a connection."""
    scene.activate("r-2", DENY)
    answer = await asyncio.wait_for(scene.ask(if_none_match='"r-2"', prefer="wait=300"), 1)

    assert (answer.status, orjson.loads(cast("bytes", answer.body))["error"]["code"]) == (403, "house.rule")
    assert scene.log.kept[0]["decision"]["action"] == "deny"


async def test_a_bundle_that_takes_the_right_away_is_not_handed_on(scene: Scene) -> None:
    """It counts from the moment it is active, also for who began to wait before."""
    asking = asyncio.ensure_future(scene.ask(if_none_match='"r-1"', prefer="wait=20"))
    await asyncio.sleep(0.02)
    scene.activate("r-2", DENY)

    assert (await asyncio.wait_for(asking, 5)).status == 403


async def test_a_token_that_expires_while_waiting_counts_no_more(scene: Scene) -> None:
    """Who it is, is asked again when the answer is there."""
    asking = asyncio.ensure_future(scene.ask(if_none_match='"r-1"', prefer="wait=20"))
    await asyncio.sleep(0.02)
    scene.person = Refused("identity.expired")
    scene.activate("r-2")

    assert (await asyncio.wait_for(asking, 5)).status == 401


async def test_strangers_get_nothing(scene: Scene) -> None:
    """They are counted, like everywhere."""
    scene.person = Refused("identity.signature")

    assert (await scene.ask()).status == 401
    assert (scene.log.kept, scene.log.failures) == ([], ["identity.signature"])


async def test_an_obligation_that_nobody_enforces_here_denies(scene: Scene) -> None:
    """A permission with a condition is none without it."""
    scene.activate("r-2", {**ALLOW, "obligations": [{"kind": "retain", "payload": "none", "days": 1}]})
    answer = await scene.ask()

    assert (answer.status, orjson.loads(cast("bytes", answer.body))["error"]["code"]) == (
        403,
        "obligation.unknown",
    )


async def test_without_an_active_bundle_there_is_none_to_hand_on(build: Builders) -> None:
    """Nobody decides, so nobody may."""
    answer = await Scene(build).ask()

    assert (answer.status, orjson.loads(cast("bytes", answer.body))["error"]["code"]) == (
        503,
        "engine.undefined",
    )


async def test_a_bundle_that_is_elsewhere_is_not_here(scene: Scene) -> None:
    """Beside an OPA server the gateway has no bundle: it says so to who may ask."""
    scene.policies.activate(Engine("r-1"), cast("Any", None))
    answer = await scene.ask()

    assert (answer.status, orjson.loads(cast("bytes", answer.body))["error"]["code"]) == (
        404,
        "route.unknown",
    )
