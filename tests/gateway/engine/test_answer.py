"""Answers of policies: what is exactly a decision is read, everything else is refused with a code."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from gateway.engine.answer import decision
from gateway.engine.obligations import MAX_INTEGER, READERS
from gateway.engine.unusable import Unusable
from gateway.reasons import REASONS
from gateway.types import Advice, Allow, Budget, Clamp, Deny, Limit, Origin, Reason, Retain, Route

ORIGIN = Origin("embedded", "r-1", "sha256:00", "gateway/request/decision")
SCHEMA = orjson.loads((Path(__file__).parents[3] / "policies/schemas/decision.json").read_bytes())
ROUTE = {"kind": "route", "deployments": ["a", "b"], "strategy": "ordered"}
CLAMP = {"kind": "clamp", "max_tokens": 5}
RETAIN = {"kind": "retain", "payload": "digest", "days": 400}
REASON = {"id": "residency.hr_onprem", "user": "No.", "admin": "Because.", "controls": ["GDPR-44"]}
WARNED = {"rule": "residency", "enforcement": "warn", "reason": REASON}
SHADOWED = {"rule": "mask_pii", "enforcement": "shadow", "obligation": {"kind": "mask", "entities": ["IBAN"]}}


def allow(*obligations: object, **more: object) -> dict[str, Any]:
    """An allowing answer."""
    return {"allow": True, "reasons": [], "obligations": list(obligations), "advice": []} | more


def deny(*reasons: object, **more: object) -> dict[str, Any]:
    """A denying answer."""
    return {"allow": False, "reasons": list(reasons), "obligations": [], "advice": []} | more


def test_an_allow_is_read_whole() -> None:
    """Every kind of obligation arrives in its order, with the reasons and the origin."""
    retain_nothing = {"kind": "retain", "payload": "none", "days": 1}
    expected = Allow(
        (Reason("residency.hr_onprem", "No.", "Because.", ("GDPR-44",)),),
        (Route(("a", "b")), Clamp(5), Retain("digest", 400), Retain("none", 1)),
        ORIGIN,
    )
    assert expected == decision(allow(ROUTE, CLAMP, RETAIN, retain_nothing, reasons=[REASON]), ORIGIN)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"max_tokens": 5}, Clamp(max_tokens=5)),
        ({"temperature": 0.7}, Clamp(temperature=0.7)),
        ({"temperature": 0}, Clamp(temperature=0)),
        ({"temperature": 2.0, "max_tokens": 5}, Clamp(5, 2.0)),
    ],
)
def test_a_clamp_says_tokens_temperature_or_both(said: dict[str, object], expected: Clamp) -> None:
    """What a clamp doesn't say it doesn't limit, and it is recorded as it was said."""
    read = decision(allow({"kind": "clamp"} | said), ORIGIN)

    assert isinstance(read, Allow)
    assert (expected,) == read.obligations
    assert {"kind": "clamp"} | said == read.obligations[0].document()


LIMIT = {"kind": "limit", "key": "hr/team:hr"}
BUDGET = {"kind": "budget", "key": "hr/team:hr", "usd_micros": 500, "hard": True}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (LIMIT | {"window_s": 60, "requests": 5}, Limit("hr/team:hr", 60, requests=5)),
        (LIMIT | {"window_s": 60, "tokens": 5, "concurrent": 2}, Limit("hr/team:hr", 60, None, 5, 2)),
        (LIMIT | {"concurrent": 2, "share": 0.5}, Limit("hr/team:hr", concurrent=2, share=0.5)),
        (BUDGET | {"period": "month"}, Budget("hr/team:hr", 500, hard=True, period="month")),
        (
            BUDGET | {"window_s": 60, "warn_at": [0.8, 1], "unpriced": "free", "hard": False, "share": 1},
            Budget("hr/team:hr", 500, hard=False, window_s=60, warn_at=(0.8, 1), unpriced="free", share=1.0),
        ),
        (
            BUDGET | {"period": "day", "time_zone": "Europe/Berlin"},
            Budget("hr/team:hr", 500, hard=True, period="day", time_zone="Europe/Berlin"),
        ),
    ],
)
def test_limits_and_budgets_are_read(said: dict[str, object], expected: Limit | Budget) -> None:
    """What is left out is not said, and it is recorded as it was said."""
    read = decision(allow(said), ORIGIN)

    assert isinstance(read, Allow)
    assert (expected,) == read.obligations
    assert said == read.obligations[0].document()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (LIMIT, "obligation.malformed"),
        (LIMIT | {"window_s": 60}, "obligation.malformed"),
        (LIMIT | {"requests": 5}, "obligation.malformed"),
        (LIMIT | {"tokens": 5, "concurrent": 1}, "obligation.malformed"),
        (LIMIT | {"window_s": 60, "concurrent": 1}, "obligation.malformed"),
        (LIMIT | {"window_s": 0, "requests": 5}, "obligation.malformed"),
        (LIMIT | {"window_s": 366 * 86_400 + 1, "requests": 5}, "obligation.malformed"),
        (LIMIT | {"window_s": 60, "requests": True}, "obligation.malformed"),
        (LIMIT | {"window_s": 60, "requests": 5.0}, "obligation.malformed"),
        (LIMIT | {"window_s": 60, "requests": 5, "burst": 9}, "obligation.unknown"),
        (LIMIT | {"concurrent": 1, "key": ""}, "obligation.malformed"),
        (LIMIT | {"concurrent": 1, "key": "k" * 257}, "obligation.malformed"),
        (LIMIT | {"concurrent": 1, "key": "\ud800"}, "obligation.malformed"),
        (LIMIT | {"concurrent": 1, "key": 7}, "obligation.malformed"),
        (LIMIT | {"concurrent": 1, "share": 0}, "obligation.malformed"),
        (LIMIT | {"concurrent": 1, "share": 1.01}, "obligation.malformed"),
        (LIMIT | {"concurrent": 1, "share": float("nan")}, "obligation.malformed"),
        (LIMIT | {"concurrent": 1, "share": True}, "obligation.malformed"),
        ({"kind": "limit", "concurrent": 1}, "obligation.malformed"),
        (BUDGET, "obligation.malformed"),
        (BUDGET | {"period": "month", "window_s": 60}, "obligation.malformed"),
        (BUDGET | {"period": "decade"}, "obligation.unknown"),
        (BUDGET | {"period": ["month"]}, "obligation.unknown"),
        (BUDGET | {"period": None}, "obligation.unknown"),
        (BUDGET | {"period": "month", "time_zone": ""}, "obligation.malformed"),
        (BUDGET | {"period": "month", "time_zone": None}, "obligation.malformed"),
        (BUDGET | {"period": "month", "unpriced": "maybe"}, "obligation.unknown"),
        (BUDGET | {"period": "month", "unpriced": ["free"]}, "obligation.unknown"),
        (BUDGET | {"period": "month", "hard": 1}, "obligation.malformed"),
        (BUDGET | {"period": "month", "usd_micros": 0}, "obligation.malformed"),
        (BUDGET | {"period": "month", "usd_micros": 2**53}, "obligation.malformed"),
        (BUDGET | {"period": "month", "warn_at": 0.8}, "obligation.malformed"),
        (BUDGET | {"period": "month", "warn_at": [80]}, "obligation.malformed"),
        (BUDGET | {"period": "month", "warn_at": [float("nan")]}, "obligation.malformed"),
        (BUDGET | {"period": "month", "warn_at": [0.5] * 9}, "obligation.malformed"),
        (BUDGET | {"period": "month", "rollover": True}, "obligation.unknown"),
        ({"kind": "budget", "key": "k", "period": "month", "usd_micros": 5}, "obligation.malformed"),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value).encode("unicode_escape").decode(),
)
def test_limits_and_budgets_that_are_none_are_refused(said: dict[str, object], code: str) -> None:
    """Nothing about what may be spent is guessed, converted or left out."""
    with pytest.raises(Unusable) as refused:
        decision(allow(said), ORIGIN)

    assert refused.value.code == code


def test_a_deny_is_read_whole() -> None:
    """A denial keeps its reasons, of which id and text for the caller are enough; advice may be left out."""
    answer = deny(REASON, {"id": "x", "user": "y"})
    expected = Deny(
        (Reason("residency.hr_onprem", "No.", "Because.", ("GDPR-44",)), Reason("x", "y")), ORIGIN
    )
    assert expected == decision(answer, ORIGIN)
    del answer["advice"]
    assert expected == decision(answer, ORIGIN)


@pytest.mark.parametrize("answer", [allow, lambda **more: deny(REASON, **more)], ids=["allow", "deny"])
def test_advice_is_read(answer: Any) -> None:
    """What rules that don't decide would have said arrives with any decision; of an obligation only whose."""
    reason = Reason("residency.hr_onprem", "No.", "Because.", ("GDPR-44",))
    expected = (Advice("residency", "warn", reason), Advice("mask_pii", "shadow"))
    assert expected == decision(answer(advice=[WARNED, SHADOWED]), ORIGIN).advice


MALFORMED: list[object] = [
    allow(advice=["anything"]),
    allow(advice=[None]),
    allow(advice=[{}]),
    allow(advice=[WARNED | {"obligation": CLAMP}]),
    allow(advice=[WARNED | {"severity": "high"}]),
    allow(advice=[{"rule": "residency", "enforcement": "warn"}]),
    allow(advice=[{"rule": "residency", "reason": REASON}]),
    allow(advice=[WARNED | {"rule": "Residency"}]),
    allow(advice=[WARNED | {"rule": "a.b"}]),
    allow(advice=[WARNED | {"rule": "x" * 129}]),
    allow(advice=[WARNED | {"rule": ["residency"]}]),
    allow(advice=[WARNED | {"enforcement": "enforce"}]),
    allow(advice=[WARNED | {"enforcement": "off"}]),
    allow(advice=[WARNED | {"enforcement": ["warn"]}]),
    allow(advice=[WARNED | {"reason": None}]),
    allow(advice=[WARNED | {"reason": REASON | {"id": "Upper"}}]),
    allow(advice=[WARNED | {"reason": REASON | {"id": "engine.error"}}]),
    allow(advice=[SHADOWED | {"obligation": "mask"}]),
    allow(advice=[SHADOWED | {"obligation": {}}]),
    allow(advice=[SHADOWED | {"obligation": {"kind": "Mask"}}]),
    allow(advice=[SHADOWED | {"obligation": {"kind": ["mask"]}}]),
    deny(REASON, advice=["anything"]),
    None,
    True,
    [],
    {},
    "allow",
    allow(extra=1),
    allow(allow=1),
    allow(allow="true"),
    allow(allow=None),
    allow(reasons=None),
    allow(reasons={}),
    allow(reasons=[None]),
    allow(obligations=None),
    allow(obligations={}),
    allow(obligations=()),
    allow(advice=None),
    allow(advice=[1] * 65),
    allow(*[CLAMP] * 65),
    {"allow": True, "reasons": []},
    {"allow": True, "obligations": []},
    {"reasons": [], "obligations": []},
    deny(*[REASON] * 65),
    deny(REASON | {"severity": "high"}),
    deny(REASON | {"id": ""}),
    deny(REASON | {"id": "Upper"}),
    deny(REASON | {"id": "line\n"}),
    deny(REASON | {"id": "x" * 129}),
    deny(REASON | {"id": 7}),
    deny({"id": "x"}),
    deny({"user": "x"}),
    deny(REASON | {"user": ""}),
    deny(REASON | {"user": "x" * 2001}),
    deny(REASON | {"user": None}),
    deny(REASON | {"user": "\ud800"}),
    deny(REASON | {"admin": "x" * 2001}),
    deny(REASON | {"admin": None}),
    deny(REASON | {"controls": "GDPR-44"}),
    deny(REASON | {"controls": [1]}),
    deny(REASON | {"controls": ["x" * 129]}),
    deny(REASON | {"controls": ["x"] * 33}),
]


@pytest.mark.parametrize("answer", MALFORMED)
def test_what_is_not_a_decision_is_malformed(answer: object) -> None:
    """Missing, surplus, mistyped and oversized parts are refused, never guessed."""
    with pytest.raises(Unusable) as caught:
        decision(answer, ORIGIN)
    assert caught.value.code == "decision.malformed"


def test_a_denial_explains_itself() -> None:
    """A denial without a reason has a code of its own."""
    with pytest.raises(Unusable) as caught:
        decision(deny(), ORIGIN)
    assert caught.value.code == "decision.unexplained"


@pytest.mark.parametrize(
    "obligation",
    [
        {"kind": "mask", "entities": ["EMAIL_ADDRESS"]},
        {"kind": "Route"},
        {"kind": None},
        {"kind": ["route"]},
        {},
        ROUTE | {"sticky": True},
        ROUTE | {"strategy": "random"},
        ROUTE | {"strategy": ["ordered"]},
        CLAMP | {"min_tokens": 1},
        {"kind": "clamp", "top_p": 0.5},
        RETAIN | {"where": "eu"},
        RETAIN | {"payload": "full"},
        RETAIN | {"payload": ["digest"]},
    ],
)
def test_an_obligation_that_nobody_knows_denies(obligation: object) -> None:
    """An unknown kind, field or choice was a condition that nobody here can keep."""
    with pytest.raises(Unusable) as caught:
        decision(allow(ROUTE, obligation), ORIGIN)
    assert caught.value.code == "obligation.unknown"


@pytest.mark.parametrize(
    "obligation",
    [
        None,
        "route",
        [],
        {"kind": "clamp"},
        {"kind": "clamp", "max_tokens": None},
        CLAMP | {"temperature": None},
        CLAMP | {"temperature": True},
        CLAMP | {"temperature": "0.7"},
        CLAMP | {"temperature": -0.1},
        CLAMP | {"temperature": 2.1},
        CLAMP | {"temperature": float("nan")},
        CLAMP | {"temperature": Decimal("0.7")},
        {"kind": "route", "deployments": ["a"]},
        CLAMP | {"max_tokens": True},
        CLAMP | {"max_tokens": 0},
        CLAMP | {"max_tokens": -1},
        CLAMP | {"max_tokens": 1.0},
        CLAMP | {"max_tokens": Decimal(1)},
        CLAMP | {"max_tokens": "1"},
        CLAMP | {"max_tokens": MAX_INTEGER + 1},
        RETAIN | {"days": None},
        RETAIN | {"days": True},
        RETAIN | {"days": -400},
        ROUTE | {"deployments": []},
        ROUTE | {"deployments": "a"},
        ROUTE | {"deployments": ["a", "a"]},
        ROUTE | {"deployments": ["a", ""]},
        ROUTE | {"deployments": ["a", 1]},
        ROUTE | {"deployments": ["a" * 129]},
        ROUTE | {"deployments": [["a"]]},
        ROUTE | {"deployments": [str(n) for n in range(1025)]},
    ],
)
def test_an_obligation_that_cannot_be_understood_denies(obligation: object) -> None:
    """Wrong types, numbers out of range and duplicates are refused."""
    with pytest.raises(Unusable) as caught:
        decision(allow(ROUTE, obligation), ORIGIN)
    assert caught.value.code == "obligation.malformed"


PROMISED = {"mask", "inspect_reply", "cache"}
"""Obligations that the contract describes and this version refuses."""


def _kind(obligation: dict[str, Any]) -> str:
    (kind,) = obligation["properties"]["kind"]["enum"]
    return str(kind)


def _enforced() -> dict[str, Any]:
    """The schema without the obligations that are only promised."""
    schema: dict[str, Any] = copy.deepcopy(SCHEMA)
    obligations = schema["properties"]["obligations"]["items"]
    obligations["oneOf"] = [each for each in obligations["oneOf"] if _kind(each) not in PROMISED]
    return schema


def _relaxed() -> dict[str, Any]:
    """The schema, where the gateway takes more than the shipped policies say."""
    schema = _enforced()
    for name in ("if", "then", "else"):
        del schema[name]
    schema["required"].remove("advice")
    reasoned, obliged = schema["properties"]["advice"]["items"]["oneOf"]
    obliged["properties"]["obligation"] = {
        "type": "object",
        "properties": {"kind": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 32}},
        "required": ["kind"],
    }
    for reason in (schema["properties"]["reasons"]["items"], reasoned["properties"]["reason"]):
        reason["required"] = ["id", "user"]
        reason["properties"]["id"]["pattern"] = "^[a-z0-9_][a-z0-9._-]*$"
        for name, bound in (("user", {"minLength": 1}), ("admin", {})):
            reason["properties"][name] = {"type": "string", "maxLength": 2000} | bound
        reason["properties"]["controls"]["items"] = {"type": "string", "maxLength": 128}
    route = schema["properties"]["obligations"]["items"]["oneOf"][0]
    route["properties"]["deployments"]["maxItems"] = 1024
    return schema


def test_the_schema_says_which_obligations_there_are() -> None:
    """Every kind of the contract is either read here or known to be refused."""
    described = {_kind(each) for each in SCHEMA["properties"]["obligations"]["items"]["oneOf"]}
    assert described == READERS.keys() | PROMISED
    assert READERS.keys().isdisjoint(PROMISED)


@pytest.mark.parametrize(
    "obligation",
    [
        {"kind": "mask", "entities": ["EMAIL_ADDRESS"], "operator": "token", "restore": True},
        {"kind": "inspect_reply", "entities": ["IBAN_CODE"], "action": "mask"},
        {"kind": "cache", "scope": "team:hr", "ttl_s": 300},
    ],
    ids=lambda obligation: obligation["kind"],
)
def test_what_is_only_promised_is_refused(obligation: dict[str, Any]) -> None:
    """An obligation of the contract that nobody enforces yet denies, like one that nobody knows."""
    assert obligation["kind"] in PROMISED
    assert Draft7Validator(SCHEMA).is_valid(allow(ROUTE, obligation))
    with pytest.raises(Unusable) as caught:
        decision(allow(ROUTE, obligation), ORIGIN)
    assert caught.value.code == "obligation.unknown"


EXACT = Draft7Validator(_enforced())
RELAXED = Draft7Validator(_relaxed())

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
WORDS = st.sampled_from(
    [
        "allow",
        "reasons",
        "obligations",
        "advice",
        "kind",
        "route",
        "clamp",
        "retain",
        "days",
        "id",
        "user",
        "ordered",
        "rule",
        "enforcement",
        "warn",
        "shadow",
        "reason",
        "obligation",
    ]
)
JSON = st.recursive(
    SCALARS | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=12,
)
WHOLE = st.integers(1, 2**53 - 1)
WARM = st.floats(0, 2) | st.integers(0, 2)
NAMES = st.text(min_size=1, max_size=128)
SOUND_OBLIGATIONS = st.one_of(
    st.fixed_dictionaries(
        {
            "kind": st.just("route"),
            "deployments": st.lists(NAMES, min_size=1, max_size=32, unique=True),
            "strategy": st.just("ordered"),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("clamp"), "max_tokens": WHOLE}, optional={"temperature": WARM}),
    st.fixed_dictionaries({"kind": st.just("clamp"), "temperature": WARM}),
    st.fixed_dictionaries(
        {"kind": st.just("retain"), "payload": st.sampled_from(["none", "digest", "sealed"]), "days": WHOLE}
    ),
)
SOUND_REASONS = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[a-z0-9_]{1,20}(\.[a-z0-9_]{1,20}){1,3}", fullmatch=True),
        "user": st.text(min_size=1, max_size=512),
        "admin": st.text(min_size=1, max_size=1024),
        "controls": st.lists(st.text(min_size=1, max_size=64), max_size=32),
    }
)
RULE_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
MODES = st.sampled_from(["warn", "shadow"])
SOUND_ADVICE = st.lists(
    st.fixed_dictionaries({"rule": RULE_NAMES, "enforcement": MODES, "reason": SOUND_REASONS})
    | st.fixed_dictionaries({"rule": RULE_NAMES, "enforcement": MODES, "obligation": SOUND_OBLIGATIONS}),
    max_size=3,
)
SOUND = st.fixed_dictionaries(
    {
        "allow": st.just(value=True),
        "reasons": st.just([]),
        "obligations": st.lists(SOUND_OBLIGATIONS, max_size=6),
        "advice": SOUND_ADVICE,
    }
) | st.fixed_dictionaries(
    {
        "allow": st.just(value=False),
        "reasons": st.lists(SOUND_REASONS, min_size=1, max_size=6),
        "obligations": st.just([]),
        "advice": SOUND_ADVICE,
    }
)


@st.composite
def near_misses(draw: st.DrawFn) -> Any:
    """A sound decision in which one part was replaced, removed, added or doubled."""
    document = copy.deepcopy(draw(SOUND))
    places: list[Any] = [document]
    for place in places:
        places.extend(
            item
            for item in (place.values() if type(place) is dict else place)
            if item and type(item) in {dict, list}
        )
    place = draw(st.sampled_from(places))
    if type(place) is list:
        place[draw(st.integers(0, len(place) - 1))] = draw(JSON | st.sampled_from(place))
    elif draw(st.booleans()):
        place[draw(st.sampled_from(sorted(place)) | WORDS)] = draw(
            JSON | st.sampled_from(list(place.values()))
        )
    else:
        del place[draw(st.sampled_from(sorted(place)))]
    return document


@given(document=SOUND)
def test_what_the_schema_accepts_is_read(document: Any) -> None:
    """The published schema promises authors nothing that the gateway refuses."""
    EXACT.validate(document)
    read = decision(document, ORIGIN)
    assert isinstance(read, Allow) is document["allow"]


@given(document=near_misses())
def test_a_near_miss_is_read_only_if_it_is_sound(document: Any) -> None:
    """The reader and a JSON Schema validator agree on what is a decision, but for integral floats."""
    try:
        read = decision(document, ORIGIN)
    except Unusable as error:
        assert error.code in REASONS
        assert (
            not EXACT.is_valid(document) or b".0" in orjson.dumps(document) or b"e" in orjson.dumps(document)
        )
    else:
        ignored: dict[str, Any] = {} if isinstance(read, Allow) else {"obligations": []}
        assert RELAXED.is_valid(document | ignored)
        assert isinstance(read, Allow) is (document["allow"] is True)


@given(document=JSON)
def test_nothing_else_is_ever_read(document: Any) -> None:
    """Random JSON ends in a refusal with a known code, never in another exception."""
    try:
        decision(document, ORIGIN)
    except Unusable as error:
        assert error.code in REASONS
    else:
        assert RELAXED.is_valid(document | ({} if document["allow"] else {"obligations": []}))
