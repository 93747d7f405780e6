"""Two engines, one meaning: the embedded engine and real OPA servers answer the shipped bundle alike."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundles import bundle as bundles
from gateway.engine.embedded import EmbeddedEngine
from gateway.engine.opa import OpaEngine
from gateway.engine.ruling import rule
from gateway.settings import OPA
from gateway.types import Allow, Deny, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.ports import PolicyEngine
    from tests.servers.opa_server import OPAServer

    Ask = Callable[[str, dict[str, Any]], list[object]]

pytestmark = pytest.mark.server

ADMISSION = "gateway/admission/decision"
REQUEST = "gateway/request/decision"
CATALOGUE = "gateway/catalogue/decision"


@pytest.fixture(scope="module")
def answers(opa_server: Callable[..., OPAServer]) -> Iterator[Ask]:
    """Ask the embedded engine, an OPA over TCP and one over a unix socket; what each of them answers."""
    folder = Path(__file__).parents[3] / "bundles/default"
    servers = [opa_server(bundle=folder, unix=unix) for unix in (False, True)]
    entrypoints = [ADMISSION, REQUEST, CATALOGUE]
    engines: list[PolicyEngine] = [EmbeddedEngine(bundles.read(folder))]
    engines += [OpaEngine(OPA(url=server.url, timeout_ms=10_000), entrypoints) for server in servers]

    async def ask(entrypoint: str, document: dict[str, Any]) -> list[object]:
        return await asyncio.gather(*(_answer(engine, entrypoint, document) for engine in engines))

    async def close() -> None:
        for engine in engines:
            await engine.close()

    with asyncio.Runner() as runner:
        yield lambda entrypoint, document: runner.run(ask(entrypoint, document))
        runner.run(close())
    for server in servers:
        server.stop()


async def _answer(engine: PolicyEngine, entrypoint: str, document: dict[str, Any]) -> object:
    """A decision without what only one engine can tell."""
    made = await rule(engine, entrypoint, Question(document))
    obligations = made.obligations if isinstance(made, Allow) else None
    if made.reasons and made.reasons[0].id.startswith("engine."):
        return made.reasons[0].id
    return type(made), made.reasons, obligations, made.advice, made.origin.revision


def question(
    *, roles: tuple[str, ...] = ("analyst",), team: str | None = "hr", labels: tuple[str, ...] = ("hr",)
) -> dict[str, Any]:
    """A question that the shipped policies know."""
    properties: dict[str, Any] = {
        "issuer": "https://idp.acme.example",
        "roles": list(roles),
        "groups": [],
        "claims": {},
        "authentication": {"method": "oidc", "age_s": 42},
    }
    zones = (("azure-eu", "cloud"), ("onprem-llama", "onprem"))
    return {
        "version": 1,
        "subject": {
            "type": "user",
            "id": "alice@acme",
            "properties": properties if team is None else properties | {"team": team},
        },
        "action": {
            "name": "chat.completions",
            "properties": {"stream": True, "tools": [], "modalities": ["text"]},
        },
        "resource": {
            "type": "model",
            "id": "gpt-4o",
            "properties": {
                "deployments": [
                    {"id": name, "provider": "p", "model": "m", "zone": zone, "region": "r", "labels": []}
                    for name, zone in zones
                ]
            },
        },
        "context": {
            "time": "2026-11-20T09:00:00Z",
            "request_id": "0123",
            "network": {"client_ip": "10.0.0.7"},
            "content": {"labels": list(labels), "tokens": {"prompt": 512}},
        },
    }


def alike(outcomes: list[object]) -> object:
    """The one answer that all engines gave."""
    first, *others = outcomes
    assert others == [first, first]
    return first


@pytest.mark.parametrize("entrypoint", [ADMISSION, REQUEST, CATALOGUE])
@pytest.mark.parametrize("team", ["hr", "eng", "unknown", None])
@pytest.mark.parametrize("roles", [(), ("analyst",), ("developer", "analyst"), ("nobody",)])
@pytest.mark.parametrize("labels", [(), ("hr",), ("unknown",), ("hr", "unknown")])
def test_known_questions(
    answers: Ask, entrypoint: str, team: str | None, roles: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    """Whoever asks about whatever label: one answer, and always a decision of the policy."""
    outcome = alike(answers(entrypoint, question(team=team, roles=roles, labels=labels)))
    assert isinstance(outcome, tuple)


def test_both_answers_occur(answers: Ask) -> None:
    """The table isn't all denials."""
    kinds = [alike(answers(REQUEST, question(roles=roles))) for roles in (("analyst",), ("nobody",))]
    assert [kind[0] for kind in kinds if isinstance(kind, tuple)] == [Allow, Deny]


WORDS = st.sampled_from(
    [
        "hr",
        "eng",
        "sales",
        "analyst",
        "developer",
        "cloud",
        "onprem",
        "gpt-4o",
        "demo-1",
        "chat.completions",
        "*",
        "",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | WORDS
    | st.text(max_size=6)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def bent_questions(draw: st.DrawFn) -> dict[str, Any]:
    """A known question with up to three of its parts replaced or removed."""
    document = question(
        roles=tuple(draw(st.lists(WORDS, max_size=3))),
        team=draw(st.none() | WORDS),
        labels=tuple(draw(st.lists(WORDS, max_size=3))),
    )
    for _ in range(draw(st.integers(0, 3))):
        places: list[Any] = [document]
        for place in places:
            inner = place.values() if isinstance(place, dict) else place
            places.extend(item for item in inner if isinstance(item, (dict, list)) and item)
        place = draw(st.sampled_from(places))
        if not place:
            continue
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if draw(st.booleans()):
            del place[key]
        else:
            place[key] = draw(JSON)
    return document


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    document=bent_questions() | st.dictionaries(WORDS, JSON, max_size=4),
    entrypoint=st.sampled_from([ADMISSION, REQUEST, CATALOGUE]),
)
def test_bent_questions(answers: Ask, document: dict[str, Any], entrypoint: str) -> None:
    """Questions that no gateway would ask are answered alike, too."""
    alike(answers(entrypoint, document))
