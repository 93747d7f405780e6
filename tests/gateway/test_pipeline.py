"""The ten steps with doubles around them: whatever fails, nothing leaves, and there is a record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import orjson
import pytest
import structlog
from typing_extensions import override

from adapters.contract import ChatRequest, Completed, Streaming, UpstreamCode, UpstreamError
from audit.durability import Durability
from audit.errors import LogUnavailable, RecordRefused
from gateway import pipeline
from gateway.content.tokens import Estimator
from gateway.engine.pinned import TRIES, OneRevision
from gateway.errors import EngineError, Refused
from gateway.ports import Ports, Ruling, Upstream
from gateway.reasons import REASONS
from gateway.routing.catalogue import Catalogue
from gateway.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from audit.log import AuditLog
    from audit.record import Record
    from gateway.ports import PolicyEngine
    from gateway.types import Answer, Principal, RawRequest, UnverifiedToken
    from tests.gateway.conftest import Builders

ALLOW: dict[str, Any] = {"allow": True, "reasons": [], "obligations": [], "advice": []}
ROUTED = {
    **ALLOW,
    "obligations": [
        {"kind": "route", "deployments": ["echo-cloud"], "strategy": "ordered"},
        {"kind": "retain", "payload": "digest", "days": 7},
    ],
}
DENY = {
    **ALLOW,
    "allow": False,
    "reasons": [{"id": "house.rule", "user": "No.", "admin": "", "controls": []}],
}


def advised(rule: str, enforcement: str, reason: str | None = None) -> dict[str, Any]:
    """What a rule says that doesn't decide: a reason's id, else an obligation that nobody can enforce."""
    said = {"obligation": {"kind": "mask"}}
    if reason is not None:
        said = {"reason": {"id": reason, "user": "No.", "admin": "", "controls": []}}  # type: ignore[dict-item]
    return {"rule": rule, "enforcement": enforcement, **said}


ADVICE = [
    advised("residency", "warn", "residency.hr_onprem"),
    advised("known_content", "shadow", "content.unknown"),
    advised("mask_pii", "warn"),
]
DOOR = [advised("time_window", "warn", "time_window.closed"), advised("mask_pii", "warn")]


class Engine:
    """Answers admission and request as the test says; an exception is raised."""

    name = "double"

    def __init__(self, admission: object = ALLOW, request: object = ROUTED) -> None:
        self._answers = {"gateway/admission/decision": admission, "gateway/request/decision": request}

    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        answer = self._answers[entrypoint]
        if isinstance(answer, Exception):
            raise answer
        return Ruling(answer, "r-1")

    def reads(self, entrypoint: str, path: tuple[str, ...]) -> bool:
        return False

    async def close(self) -> None: ...


class Policies:
    """Gives the same engine every time, or the next of several."""

    release = None

    def __init__(self, *engines: PolicyEngine) -> None:
        self._engines = list(engines)
        self.given = 0

    def current(self) -> PolicyEngine:
        self.given += 1
        return self._engines[min(self.given, len(self._engines)) - 1]

    async def change(self) -> None: ...


class Log:
    """Keeps records; fails as the test says."""

    available = True
    durability = Durability.STRICT

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.kept: list[dict[str, Any]] = []
        self.failures: list[str] = []

    async def append(self, record: Record) -> None:
        if self.error is not None:
            raise self.error
        self.kept.append(record.body)

    def certify(self, receipt: object) -> str:
        return "receipt"

    def append_soon(self, record: Record) -> None:
        self.kept.append(record.body)

    def auth_failure(self, code: str) -> None:
        self.failures.append(code)

    async def sref(self, subject: str) -> str:
        return "pseudonym"

    @property
    def story(self) -> list[tuple[str, str]]:
        """What was recorded, in order: kind and reason."""
        return [
            (body["typ"], body.get("reason_code") or body.get("decision", {}).get("reason_code", ""))
            for body in self.kept
        ]


class Provider:
    """An adapter that counts how often it was reached."""

    def __init__(self, answer: Completed | Streaming | Exception) -> None:
        self.answer = answer
        self.asked = 0

    async def chat(self, request: ChatRequest) -> Completed | Streaming:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def close(self) -> None: ...


class Stream:
    """A streamed answer; an exception among the pieces is raised in its place."""

    usage = model = response_id = finish_reason = None

    def __init__(self, *pieces: bytes | Exception) -> None:
        self._pieces = iter(pieces)
        self.closed = False

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except StopIteration:
            raise StopAsyncIteration from None
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def aclose(self) -> None:
        self.closed = True


class Scene:
    """One request through the pipeline, and what became of it."""

    def __init__(self, build: Builders, **doubles: Any) -> None:
        self.log: Log = doubles.get("log") or Log()
        whole = Completed(
            orjson.dumps({"choices": []}), usage=None, model="m", response_id="i", finish_reason="stop"
        )
        self.provider = Provider(doubles.get("answer", whole))
        self._person: Principal | Refused = doubles.get("person") or build.principal()
        self._build = build
        self.policies: Policies = doubles.get("policies") or Policies(doubles.get("engine") or Engine())
        self.answers: list[Answer] = []
        self.streamed = b""
        self.raw: RawRequest | None = None

    async def principal(self, token: UnverifiedToken) -> Principal:
        if isinstance(self._person, Refused):
            raise self._person
        return self._person

    async def deliver(self, answer: Answer) -> None:
        self.answers.append(answer)
        if not isinstance(answer.body, bytes):
            async for event in answer.body:
                self.streamed += event

    async def run(
        self, body: object = None, deliver: Callable[[Answer], Awaitable[None]] | None = None
    ) -> Scene:
        house = Ports(
            identity=self,
            policies=self.policies,
            log=cast("AuditLog", self.log),
            catalogue=Catalogue([self._build.deployment()]),
            upstreams={"demo": Upstream(self.provider, "max_tokens", 1, 1, 1, 1)},
            limits=Limits(),
            tokens=Estimator(),
            now_us=lambda: 0,
        )
        await pipeline.serve(self.raw or self._build.raw(body), house, deliver or self.deliver)
        return self

    @property
    def outcome(self) -> tuple[int, str]:
        """Status and error code of the only answer."""
        (answer,) = self.answers
        assert isinstance(answer.body, bytes)
        return answer.status, orjson.loads(answer.body).get("error", {}).get("code", "")


async def test_an_allowed_call_is_recorded_before_and_after(build: Builders) -> None:
    """Opening, forward, closing: one decision and one outcome that refers to it."""
    scene = await Scene(build).run()

    assert scene.outcome == (200, "")
    assert scene.log.story == [("decision", "allowed"), ("outcome", "")]
    assert scene.log.kept[1]["ref"] == scene.log.kept[0]["id"]
    assert {"req"} == set(scene.log.kept[0]["payload"])
    assert {"resp"} == set(scene.log.kept[1]["payload"])


@pytest.mark.parametrize("phase", ["admission", "request"])
@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (DENY, 403, "house.rule"),
        (EngineError("engine.unavailable", ""), 503, "engine.unavailable"),
        (EngineError("engine.timeout", ""), 503, "engine.timeout"),
        (EngineError("engine.error", ""), 503, "engine.error"),
        (EngineError("engine.undefined", ""), 503, "engine.undefined"),
        (ValueError("the-secret-prompt"), 503, "engine.error"),
        (None, 503, "decision.malformed"),
        (True, 503, "decision.malformed"),
        ({**ALLOW, "allow": "true"}, 503, "decision.malformed"),
        ({**ALLOW, "allow": 1}, 503, "decision.malformed"),
        ({**DENY, "reasons": []}, 403, "decision.unexplained"),
        ({**ALLOW, "obligations": [{"kind": "mask"}]}, 403, "obligation.unknown"),
        ({**ROUTED, "obligations": [*ROUTED["obligations"], {"kind": "cache"}]}, 403, "obligation.unknown"),
        (
            {**ROUTED, "obligations": [*ROUTED["obligations"], {"kind": "budget"}]},
            403,
            "obligation.malformed",
        ),
        (
            {
                **ROUTED,
                "obligations": [*ROUTED["obligations"], {"kind": "limit", "key": "k", "concurrent": 1}],
            },
            503,
            "ledger.unavailable",
        ),
        (
            {
                **ALLOW,
                "obligations": [{"kind": "route", "deployments": ["elsewhere"], "strategy": "ordered"}],
            },
            403,
            "obligation.no_route",
        ),
        ({**ALLOW, "obligations": [{"kind": "clamp", "max_tokens": -1}]}, 403, "obligation.malformed"),
    ],
)
async def test_whatever_goes_wrong_with_policy_nothing_leaves(
    phase: str, answer: object, status: int, code: str, build: Builders
) -> None:
    """Each way of failing is a refusal with its own code and a record, and the provider is never reached."""
    scene = await Scene(build, engine=Engine(**{phase: answer})).run()

    assert scene.outcome == (status, code)
    assert scene.provider.asked == 0
    assert scene.log.story == [("decision", code)]
    assert scene.log.kept[0]["decision"]["action"] == "deny"
    assert "the-secret-prompt" not in str(scene.log.kept)


async def test_a_request_takes_its_policy_once(build: Builders) -> None:
    """Whatever becomes active while it is decided, its engine is the one that it began with."""
    policies = Policies(Engine(), Engine(admission=DENY, request=DENY))
    scene = await Scene(build, policies=policies).run()

    assert (scene.outcome, policies.given) == ((200, ""), 1)


class Revisions(Engine):
    """An OPA that answers with one revision after the other, and with the last one from then on."""

    def __init__(self, *revisions: str) -> None:
        super().__init__()
        self._revisions = list(revisions)

    @override
    async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
        answer = await super().ask(entrypoint, document)
        revision = self._revisions.pop(0) if len(self._revisions) > 1 else self._revisions[0]
        return Ruling(answer.value, revision)


async def test_a_policy_that_changes_between_the_decisions_decides_anew(build: Builders) -> None:
    """Admitted by the old and permitted by the new is permitted by neither: both are asked of the new one."""
    opa = Revisions("r-1", "r-2", "r-2", "r-2")
    scene = await Scene(build, policies=Policies(OneRevision(opa), OneRevision(opa))).run()

    assert scene.outcome == (200, "")
    assert scene.log.story == [("decision", "allowed"), ("outcome", "")]
    assert scene.log.kept[0]["policy"]["revision"] == "r-2"
    assert dict(scene.answers[0].headers)[b"x-regent-policy-revision"] == b"r-2"


async def test_nothing_of_the_first_try_is_in_the_record_of_the_second(build: Builders) -> None:
    """The old policy's advice beside the new one's refusal would be a decision that nobody took."""
    opa = Revisions("r-1", "r-2", "r-2")
    first = OneRevision(opa)
    policies = Policies(first, Engine(admission=DENY))
    opa._answers["gateway/admission/decision"] = {**ALLOW, "advice": ADVICE[:1]}
    scene = await Scene(build, policies=policies).run()

    assert first.changed
    assert scene.outcome == (403, "house.rule")
    assert scene.log.kept[0]["policy"]["rules"] == []


async def test_a_policy_that_never_stops_changing_refuses(build: Builders) -> None:
    """The call isn't forwarded, the caller may come back in a second, and the record says why."""
    opa = Revisions(*(f"r-{number}" for number in range(100)))
    scene = await Scene(build, policies=Policies(*(OneRevision(opa) for _ in range(TRIES)))).run()

    assert scene.outcome == (503, "policy.changing")
    assert dict(scene.answers[0].headers)[b"retry-after"] == b"1"
    assert scene.provider.asked == 0
    assert scene.log.story == [("decision", "policy.changing")]


@pytest.mark.parametrize("stream", [False, True])
async def test_rules_that_only_advise_are_recorded_and_those_that_warn_are_shown(
    stream: bool,  # noqa: FBT001 - a case
    build: Builders,
) -> None:
    """The record has them once each, from the door and the request; the caller learns which reasons warn."""
    engine = Engine(admission={**ALLOW, "advice": DOOR}, request={**ROUTED, "advice": ADVICE})
    doubles = {"answer": Stream(b"data: [DONE]\n\n")} if stream else {}
    scene = await Scene(build, engine=engine, **doubles).run(build.body(stream=stream))

    assert dict(scene.answers[0].headers)[b"x-regent-warning"] == b"residency.hr_onprem, time_window.closed"
    assert scene.log.kept[0]["policy"]["rules"] == [
        {"id": "time_window", "effect": "warn"},
        {"id": "mask_pii", "effect": "warn"},
        {"id": "residency", "effect": "warn"},
        {"id": "known_content", "effect": "shadow"},
    ]


async def test_what_is_only_in_the_shadow_is_not_shown(build: Builders) -> None:
    """Nobody outside learns of a rule that is being tried out, nor is there a header without a warning."""
    scene = await Scene(build, engine=Engine(request={**ROUTED, "advice": ADVICE[1:]})).run()

    assert b"x-regent-warning" not in dict(scene.answers[0].headers)
    assert scene.log.kept[0]["policy"]["rules"][0] == {"id": "known_content", "effect": "shadow"}


@pytest.mark.parametrize("phase", ["admission", "request"])
async def test_a_refusal_records_its_advice_and_shows_none(phase: str, build: Builders) -> None:
    """What else a policy thinks of a call that it refuses is for the record."""
    scene = await Scene(build, engine=Engine(**{phase: {**DENY, "advice": ADVICE}})).run()

    assert scene.outcome == (403, "house.rule")
    assert b"x-regent-warning" not in dict(scene.answers[0].headers)
    assert {"id": "residency", "effect": "warn"} in scene.log.kept[0]["policy"]["rules"]


@pytest.mark.parametrize("phase", ["admission", "request"])
async def test_advice_that_is_malformed_makes_the_decision_so(phase: str, build: Builders) -> None:
    """What is written into the record must be what it seems to be."""
    said = ROUTED if phase == "request" else ALLOW
    scene = await Scene(build, engine=Engine(**{phase: {**said, "advice": ["anything"]}})).run()

    assert (scene.outcome, scene.provider.asked) == ((503, "decision.malformed"), 0)


async def test_an_allow_without_a_route_is_refused(build: Builders) -> None:
    """A policy that names no place permits none."""
    scene = await Scene(build, engine=Engine(request=ALLOW)).run()

    assert (scene.outcome, scene.provider.asked) == ((403, "obligation.no_route"), 0)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LogUnavailable("log.not_durable", ""), "log.not_durable"),
        (LogUnavailable("log.backlogged", ""), "log.backlogged"),
        (LogUnavailable("log.closed", ""), "log.not_durable"),
        (RecordRefused("record.too_long", ""), "log.record_refused"),
    ],
)
async def test_an_allow_that_cannot_be_recorded_is_not_given(
    error: Exception, code: str, build: Builders
) -> None:
    """Nothing leaves the house before its record is durable."""
    scene = await Scene(build, log=Log(error)).run()

    assert (scene.outcome, scene.provider.asked) == ((503, code), 0)


async def test_best_effort_goes_on_without_a_record(build: Builders) -> None:
    """Only where the settings say so and the log is down; then no record refers to what isn't there."""
    log = Log(LogUnavailable("log.not_durable", ""))
    log.durability = Durability.BEST_EFFORT
    scene = await Scene(build, log=log).run()

    assert (scene.outcome, scene.provider.asked, scene.log.story) == ((200, ""), 1, [])
    log.error = RecordRefused("record.too_long", "")
    scene = await Scene(build, log=log).run()
    assert (scene.outcome, scene.provider.asked) == ((503, "log.record_refused"), 0)


@pytest.mark.parametrize(("engine", "status"), [(None, 200), (Engine(request=DENY), 403)])
async def test_an_answer_with_a_record_has_a_receipt(
    engine: Engine | None, status: int, build: Builders
) -> None:
    """Allowed or refused, the caller is given the log's word that it stands there."""
    scene = await Scene(build, engine=engine).run()

    (answer,) = scene.answers
    assert (answer.status, dict(answer.headers)[b"x-regent-receipt"]) == (status, b"receipt")


async def test_a_slow_log_does_not_hold_up_a_refusal(build: Builders) -> None:
    """A refusal whose record takes long leaves without a receipt."""

    class Slow(Log):
        @override
        async def append(self, record: Record) -> None:
            await asyncio.sleep(60)

    scene = await Scene(build, log=Slow(), engine=Engine(request=DENY)).run()

    (answer,) = scene.answers
    assert scene.outcome == (403, "house.rule")
    assert b"x-regent-receipt" not in dict(answer.headers)


async def test_a_deny_needs_no_durable_record(build: Builders) -> None:
    """A log that is down never holds up a refusal."""
    scene = await Scene(
        build, log=Log(LogUnavailable("log.not_durable", "")), engine=Engine(request=DENY)
    ).run()

    assert scene.outcome == (403, "house.rule")


@pytest.mark.parametrize("code", sorted(code for code in REASONS if code.startswith("identity.")))
async def test_strangers_are_tallied_and_learn_nothing_else(code: str, build: Builders) -> None:
    """Also where their body is bad, a bad identity is all they hear; no record holds a word of theirs."""
    for body in (None, b"{", {"model": 7}):
        scene = await Scene(build, person=Refused(code)).run(body)

        assert scene.outcome == (REASONS[code].status, code)
        assert (scene.log.kept, scene.log.failures) == ([], [code])


async def test_a_strangers_body_is_not_read(build: Builders) -> None:
    """Not a byte of it, so that nobody without an identity fills our memory."""

    async def read() -> bytes:
        pytest.fail("the body was read")

    scene = Scene(build, person=Refused("identity.signature"))
    scene.raw = build.raw(read_body=read)
    await scene.run()

    assert scene.outcome == (401, "identity.signature")


async def test_bad_input_of_a_known_caller_is_recorded(build: Builders) -> None:
    """The record says whose it was; there is no policy to name."""
    scene = await Scene(build).run(b"{")

    assert scene.outcome == (400, "input.malformed")
    assert scene.log.kept[0]["sref"] == "pseudonym"
    assert scene.log.kept[0]["policy"]["engine"] == "none"


async def test_a_provider_that_fails_closes_the_record(build: Builders) -> None:
    """An opened decision always gets its end."""
    failure = UpstreamError(UpstreamCode.UNREACHABLE, status=502, message="gone")
    scene = await Scene(build, answer=failure).run()

    assert scene.outcome == (502, "upstream.unreachable")
    assert scene.log.story == [("decision", "allowed"), ("aborted", "upstream.unreachable")]
    assert scene.log.kept[1]["attempts"] == [{"deployment": "echo-cloud", "outcome": "upstream.unreachable"}]


async def test_a_stream_that_breaks_says_so_in_band(build: Builders) -> None:
    """What came is released, then an error event and [DONE]; the stream is closed."""
    failure = UpstreamError(UpstreamCode.STREAM_BROKEN, status=502, message="cut")
    stream = Stream(b"data: 1\n\n", failure)
    scene = await Scene(build, answer=stream).run(build.body(stream=True))

    first, error, done, rest = scene.streamed.split(b"\n\n")
    assert (first, done, rest) == (b"data: 1", b"data: [DONE]", b"")
    assert orjson.loads(error.removeprefix(b"data: "))["error"]["code"] == "upstream.stream_broken"
    assert scene.log.story == [("decision", "allowed"), ("aborted", "upstream.stream_broken")]
    assert stream.closed


async def test_a_client_that_leaves_before_the_decision_is_recorded(build: Builders) -> None:
    """Its call was made and nobody answered it: the record says whose it was."""

    class Hanging(Engine):
        @override
        async def ask(self, entrypoint: str, document: Mapping[str, object]) -> Ruling:
            await asyncio.sleep(60)
            raise AssertionError

    scene = Scene(build, engine=Hanging())
    task = asyncio.create_task(scene.run())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert scene.log.story == [("decision", "client.gone")]
    assert scene.log.kept[0]["sref"] == "pseudonym"


@pytest.mark.parametrize("word", ["Prompt leaked: hello", "x" * 200, "a\nb", ""])
async def test_a_provider_writes_no_text_into_the_log(word: str, build: Builders) -> None:
    """A name stays, anything else doesn't: a record holds no free text, and a closing one always fits."""
    whole = Completed(b"{}", usage=None, model=word, response_id="chatcmpl-1", finish_reason=word)
    scene = await Scene(build, answer=whole).run()

    assert scene.log.kept[1]["gen_ai"] | {"in_tok": 0, "out_tok": 0} == {
        "provider": "demo",
        "resp_model": None,
        "resp_id": "chatcmpl-1",
        "finish": None,
        "in_tok": 0,
        "out_tok": 0,
    }


@pytest.mark.parametrize("borrowed", ["allowed", "engine.timeout", "client.gone"])
async def test_a_policy_cannot_borrow_the_gateways_words(borrowed: str, build: Builders) -> None:
    """Its reason would carry the status of another, and mislead whoever reads the log."""
    answer = {**DENY, "reasons": [{**DENY["reasons"][0], "id": borrowed}]}
    scene = await Scene(build, engine=Engine(request=answer)).run()

    assert scene.outcome == (503, "decision.malformed")


@pytest.mark.parametrize("when", ["whole", "streamed"])
async def test_a_client_that_leaves_is_recorded_and_closes_the_stream(when: str, build: Builders) -> None:
    """Cancelled while the answer leaves: `aborted` with the client's going as its reason."""
    stream = Stream(b"data: 1\n\n", b"data: 2\n\n")
    scene = Scene(build, answer=stream) if when == "streamed" else Scene(build)

    async def hang(answer: Answer) -> None:
        try:
            if not isinstance(answer.body, bytes):
                await anext(answer.body)
            await asyncio.sleep(60)
        finally:
            if not isinstance(answer.body, bytes):
                await answer.body.aclose()

    task = asyncio.create_task(scene.run(build.body(stream=when == "streamed"), hang))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert scene.log.story == [("decision", "allowed"), ("aborted", "client.gone")]
    assert stream.closed == (when == "streamed")


async def test_a_mistake_of_our_own_is_500_without_a_word_of_the_prompt(build: Builders) -> None:
    """The log line says where it happened, not what the exception said: it may quote the prompt."""
    with structlog.testing.capture_logs() as lines:
        scene = await Scene(build, answer=ValueError("the-secret-prompt")).run()

    assert scene.outcome == (500, "gateway.error")
    assert scene.log.story == [("decision", "allowed"), ("aborted", "gateway.error")]
    assert "the-secret-prompt" not in str(lines)
    assert any("forward" in str(line.get("frames")) for line in lines)


async def test_retention_none_keeps_no_digest(build: Builders) -> None:
    """`retain: none` leaves the record without a trace of the payload."""
    private = {
        **ROUTED,
        "obligations": [ROUTED["obligations"][0], {"kind": "retain", "payload": "none", "days": 1}],
    }
    scene = await Scene(build, engine=Engine(request=private)).run()

    assert [body["payload"] for body in scene.log.kept] == [{}, {}]
