"""Random questions and data, put to a real OPA and to `rego/`: value, undefinedness, error code.

The programs are in `programs`, one thing of the language in each.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rego import Policy
from tests.rego.documents import INPUTS, VALUES, WORLDS
from tests.rego.duel import Duel
from tests.servers.opa_pipe import Pipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.opa_server import OPAServer

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(600)]

_HERE: Final = Path(__file__).parent
_POLICIES: Final = _HERE.parents[1] / "policies"
_BUNDLE: Final = _HERE.parents[1] / "bundles" / "default"
_ENOUGH: Final = 20_000

# ── what is asked ───────────────────────────────────────────────────────────────────────────────

_NAMES: Final = st.sampled_from(
    ["hr", "eng", "sales", "HR", "nobody", "", "é", "analyst", "Analyst", "developer", "demo-1", "gpt-4o",
     "*", "gpt-4o-mini", "pii", "onprem", "cloud", "alice", "https://idp"]
)  # fmt: skip
_SOME_NAMES: Final = st.lists(_NAMES, max_size=3)
_DEPLOYMENTS: Final = st.fixed_dictionaries(
    {"id": st.sampled_from(["a", "b", "c"]), "provider": _NAMES, "model": _NAMES, "region": _NAMES}
    | {"zone": st.sampled_from(["cloud", "onprem", ""]), "labels": _SOME_NAMES}
)
_CALLER: Final = st.fixed_dictionaries(
    {"issuer": st.just("https://idp"), "team": _NAMES, "roles": _SOME_NAMES, "groups": st.just([])}
    | {"organization": _NAMES, "claims": st.fixed_dictionaries({"purpose": _NAMES | _SOME_NAMES})}
    | {"authentication": st.fixed_dictionaries({"level": st.just("mfa"), "age_s": st.sampled_from([1, 61])})}
)
_QUESTIONS: Final = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "subject": st.fixed_dictionaries({"type": st.just("user"), "id": _NAMES, "properties": _CALLER}),
        "action": st.fixed_dictionaries(
            {
                "name": st.sampled_from(["chat.completions", "chat.completions", "models.list"]),
                "properties": st.fixed_dictionaries(
                    {
                        "max_tokens": st.sampled_from([1, 1024, 10**9]),
                        "stream": st.booleans(),
                        "tools": st.sampled_from([[], ["Search.web"], ["shell"]]),
                        "modalities": st.just(["text"]),
                    }
                ),
            }
        ),
        "resource": st.fixed_dictionaries(
            {
                "type": st.sampled_from(["model", "model", "catalogue"]),
                "id": st.sampled_from(["gpt-4o", "GPT-4o-mini", "demo-x", "meta/llama", "models"]),
                "properties": st.fixed_dictionaries({"deployments": st.lists(_DEPLOYMENTS, max_size=3)}),
            }
        ),
        "context": st.fixed_dictionaries(
            {
                "content": st.fixed_dictionaries(
                    {
                        "labels": _SOME_NAMES,
                        "tokens": st.just({"prompt": 5}),
                        "injection": st.sampled_from([0, 0.6, 1]),
                        "findings": st.sampled_from(
                            [[], [{"entity": "Person", "score": 0.7}], [{"entity": "NRP"}]]
                        ),
                    }
                )
            }
            | {
                "time": st.sampled_from(
                    ["2026-11-20T09:00:00Z", "2026-12-31T17:59:59Z", "2027-01-01T00:00:00Z"]
                )
            }
            | {"network": st.fixed_dictionaries({"client_ip": st.sampled_from(["10.0.0.7", "::1", "x"])})}
        ),
    }
)


def _damaged(documents: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Documents of which up to three parts are gone, have another value, or stand under a second name."""
    damage = st.tuples(
        st.integers(0, 10_000), st.sampled_from(["drop", "replace", "double"]), VALUES | _SOME_NAMES, _NAMES
    )
    return st.builds(_damage, documents, st.lists(damage, max_size=3))


def _damage(document: Any, changes: list[tuple[int, str, Any, str]]) -> Any:
    made = json.loads(json.dumps(document))
    for number, what, value, name in changes:
        places = list(_places(made))
        if not places:
            break
        holder, key = places[number % len(places)]
        if what == "drop":
            del holder[key]
        elif what == "replace":
            holder[key] = value
        elif isinstance(holder, dict):
            holder[name] = holder[key]
        else:
            holder.append(holder[key])
    return json.loads(json.dumps(made))  # no part of it stands in two places


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(document.items() if isinstance(document, dict) else enumerate(document)):
        yield document, key
        if isinstance(value, dict | list):
            yield from _places(value)


_WINDOW: Final = {"days": ["friday", "saturday"], "from": "08:00", "until": "18:30"}
_EXCEPTION: Final = {
    "rule": "time_window",
    "roles": ["*"],
    "until": "2026-12-31T18:00:00Z",
    "owner": "jane",
    "ticket": "T-1",
    "reason": "because",
}


def _with_more(regent: dict[str, Any]) -> dict[str, Any]:
    """Return the shipped data with a row in each table that it ships empty."""
    return regent | {
        "subjects": {"alice": {"issuer": "https://idp", "models": ["gpt*"], "max_tokens": 5}},
        "models": {"gpt-4o": {"max_tokens": 7}},
        "residency": regent["residency"] | {"pii": {"zones": ["cloud"], "regions": ["eu"]}},
    }


def _with_rules(regent: dict[str, Any]) -> dict[str, Any]:
    """Return the same with a row for each rule that the shipped data leaves idle."""
    return _with_more(regent) | {
        "enforcement": {"residency": "warn", "clamp": "shadow", "known_question": "enforce"},
        "grants": {
            "a": {"roles": ["ana*"], "models": ["meta/*"], "from": "2026-01-01", "until": "2027-01-01"}
        },
        "kill_switch": {"models": ["demo-*"], "teams": ["sales"], "providers": ["evil*"]},
        "purposes": {"hr": {"labels": ["hr"], "purposes": ["payroll"]}},
        "step_up": {"a": {"models": ["gpt*"], "levels": ["mfa"], "max_age_s": 60}},
        "time_windows": {"a": {"zone": "Europe/Berlin", "windows": [_WINDOW]}},
        "networks": {"a": {"teams": ["hr"], "ranges": ["10.0.0.0/8", "2001:db8::/32"]}},
        "exceptions": {"a": _EXCEPTION, "b": _EXCEPTION | {"rule": "network", "from": "2026-12-01"}},
        "limits": {"all": {"per": "user", "windows": [{"window_s": 60, "requests": 9}]}},
        "budgets": {
            "hr": {"teams": ["h*"], "per": "team", "period": "day", "usd_micros": 7, "warn_at": [0.8]}
        },
        "pii": {"PERSON": {"action": "mask", "score": 0.5}, "*": {"action": "allow", "zones": ["onprem"]}},
        "injection": {"default": 0.9, "models": {"gpt*": 0.5}},
        "parameters": {"all": {"tools": ["search*"], "modalities": ["text"], "max_temperature": 0.7}},
        "replies": {"meta": {"models": ["meta/*"], "max_tokens": 9}},
    }


def _settings(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


# ── the language ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def language_pipe(programs: list[Path], opa_server: Callable[..., OPAServer]) -> Iterator[Pipe]:
    """A connection to an OPA with all programs."""
    server = opa_server(arguments=programs, ready="/health")
    pipe = Pipe(server.url)
    yield pipe
    pipe.close()
    server.stop()


@pytest.mark.parametrize(
    ("strict", "specialise", "examples"),
    [(True, True, 45), (True, False, 12), (False, True, 4), (False, False, 2)],
)
def test_the_language_means_what_it_means_in_opa(
    language_plan: bytes, language_pipe: Pipe, *, strict: bool, specialise: bool, examples: int
) -> None:
    """Every program gives OPA's answer to random inputs over random data, strictly and leniently.

    Fitted to each of the data, and compiled once for them all.
    """
    policy = Policy.load(
        language_plan,
        {},
        builtins={"rand.intn": lambda _, __: 5},
        strict_builtin_errors=strict,
        specialise=specialise,
    )
    duel = Duel(policy, language_pipe, "world", strict=strict)

    @_settings(examples)
    @given(WORLDS, st.lists(INPUTS, min_size=1, max_size=3))
    def ask(data: Any, documents: list[Any]) -> None:
        duel.fight(data, documents)

    ask()
    assert duel.compared >= examples * len(policy.entrypoints)
    assert not (strict and specialise) or duel.compared >= _ENOUGH


# ── the shipped policies ────────────────────────────────────────────────────────────────────────


def test_the_shipped_policies_decide_as_opa_does(opa_server: Callable[..., OPAServer]) -> None:
    """Questions and data near the real ones, with parts missing, wrong or hostile, are decided alike."""
    sources = [*(_POLICIES / name for name in ("gateway", "facts", "rules")), _BUNDLE / "data.json"]
    server = opa_server(arguments=[*sources, "--ignore", "*_test.rego"], ready="/health")
    shipped = json.loads((_BUNDLE / "data.json").read_bytes())
    policy = Policy.load((_BUNDLE / "plan.json").read_bytes(), shipped)
    pipe = Pipe(server.url)
    duel = Duel(policy, pipe, "regent")

    @_settings(100)
    @given(
        _damaged(st.sampled_from([_with_more(shipped["regent"]), _with_rules(shipped["regent"])])),
        st.lists(_damaged(_QUESTIONS), min_size=5, max_size=8),
    )
    def ask(data: Any, questions: list[Any]) -> None:
        duel.fight(data, questions)

    ask()
    pipe.close()
    server.stop()
    assert duel.compared >= 100 * 5 * 2
