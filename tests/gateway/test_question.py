"""The question is what its schema says, whatever a caller sends and whoever calls."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import chat, labels
from gateway.errors import Refused
from gateway.question import describe, with_content
from gateway.routing.catalogue import MAX_CANDIDATES, Catalogue
from gateway.settings import Limits
from gateway.steps.receive import receive
from gateway.types import Deployment, Findings, Principal, RawRequest

if TYPE_CHECKING:
    from gateway.types import Call
    from tests.gateway.conftest import Builders

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "policies" / "schemas" / "input.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
HEADERS = {b"authorization": (b"Bearer t",), b"content-type": (b"application/json",)}
NAMES = st.text(min_size=1, max_size=128)
TEXTS = st.one_of(st.none(), NAMES)
PRINCIPALS = st.builds(
    Principal,
    id=st.text(min_size=1, max_size=400),
    type=st.sampled_from(["user", "service"]),
    issuer=NAMES,
    organization=TEXTS,
    team=TEXTS,
    roles=st.lists(NAMES, max_size=64).map(tuple),
    groups=st.lists(NAMES, max_size=256).map(tuple),
    claims=st.dictionaries(
        NAMES, st.one_of(st.booleans(), st.integers(-9, 9), NAMES, st.lists(NAMES)), max_size=32
    ),
    method=st.sampled_from(["oidc", "development"]),
    authenticated_at_s=st.integers(0, 2_000_000_000),
    expires_at_s=st.just(0),
    level=TEXTS,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
PARTS = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "image_url", "file", "new"])}), max_size=3
)
BODIES = st.fixed_dictionaries(
    {
        "model": st.text(min_size=1, max_size=300),
        "messages": st.lists(
            st.fixed_dictionaries({"role": st.just("user"), "content": st.text(max_size=9) | PARTS}),
            max_size=3,
        ),
    },
    optional={
        "stream": st.booleans() | JSON,
        "max_tokens": st.integers(-1, 2**40),
        "n": st.integers(-1, 130),
        "tools": JSON
        | st.lists(
            st.fixed_dictionaries(
                {"type": st.just("function"), "function": st.fixed_dictionaries({"name": NAMES})}
            ),
            max_size=140,
        ),
        "metadata": JSON | st.fixed_dictionaries({"labels": st.text("abc, .-", max_size=99)}),
        "anything": JSON,
    },
)
PLACES = [Deployment(f"d{n}", "p", "m", "m", "onprem", "eu", ("dpa",)) for n in range(MAX_CANDIDATES)]


async def received(body: object) -> Call | None:
    """The call, or None where receiving refuses it."""

    async def read() -> bytes:
        return orjson.dumps(body)

    raw = RawRequest("chat.completions", "req_1", "0" * 32, HEADERS, "127.0.0.1", 0, read)
    try:
        return await receive(raw, Limits())
    except Refused:
        return None


@given(BODIES, PRINCIPALS, st.integers(0, 4_000_000_000_000_000), st.none() | st.integers(0, 2**31))
async def test_whatever_is_received_fits_the_schema(
    body: dict[str, Any], principal: Principal, now_us: int, tokens: int | None
) -> None:
    """What exceeds a bound is refused before any policy is asked, so a policy never sees it."""
    call = await received(body)
    if call is None:
        return
    candidates = Catalogue(PLACES).serving("m").documents
    at_admission = describe(call, principal, now_us, candidates)
    at_request = with_content(at_admission, call, Findings(call.labels, tokens))

    assert list(VALIDATOR.iter_errors(at_admission.document)) == []
    assert list(VALIDATOR.iter_errors(at_request.document)) == []


def test_a_listing_fits_the_schema(build: Builders) -> None:
    """`/v1/models` asks about the catalogue, not about a model."""
    question = describe(build.call(action="models.list", model=""), build.principal(), 0)

    assert list(VALIDATOR.iter_errors(question.document)) == []
    assert question.document["resource"] == {"type": "catalogue", "id": "models", "properties": {}}


def test_the_number_of_choices_is_a_fact(build: Builders) -> None:
    """Policy sees how many answers are asked for, and nothing where the client doesn't say."""
    several: Any = describe(build.call(choices=4), build.principal(), 0).document["action"]
    unsaid: Any = describe(build.call(), build.principal(), 0).document["action"]

    assert several["properties"]["choices"] == 4
    assert "choices" not in unsaid["properties"]


def test_no_text_of_the_prompt_is_in_a_question(build: Builders) -> None:
    """Findings, never text."""
    body = build.body(messages=[{"role": "user", "content": "the-secret-prompt"}])
    call = build.call(body=body)
    question = with_content(describe(call, build.principal(), 0), call, Findings((), 5))

    assert "the-secret-prompt" not in json.dumps(question.document)


def test_a_clock_behind_the_issuers_gives_no_negative_age(build: Builders) -> None:
    """Whoever proved itself in our future did so just now."""
    question = describe(build.call(), build.principal(authenticated_at_s=5_000_000_000), 0)
    subject: Any = question.document["subject"]

    assert subject["properties"]["authentication"]["age_s"] == 0


@pytest.mark.parametrize(
    ("bound", "path"),
    [
        (chat.MAX_MODEL_CHARS, "resource.properties.id.maxLength"),
        (chat.MAX_CHOICES, "action.properties.properties.properties.choices.maximum"),
        (chat.MAX_TOOLS, "action.properties.properties.properties.tools.maxItems"),
        (chat.MAX_TOOL_CHARS, "action.properties.properties.properties.tools.items.maxLength"),
        (labels.MAX_LABELS, "context.properties.content.properties.labels.maxItems"),
        (MAX_CANDIDATES, "resource.properties.properties.properties.deployments.maxItems"),
    ],
)
def test_the_codes_bounds_are_the_schemas(bound: int, path: str) -> None:
    """Both are written down once each; this holds them together."""
    node: Any = SCHEMA["properties"]
    for key in path.split("."):
        node = node[key]

    assert bound == node
