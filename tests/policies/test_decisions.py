"""The shipped policy and data, asked through a real OPA: who may do what, and where it may run."""

from collections.abc import Callable, Mapping
from typing import Any

import jsonschema
import pytest

from bundles import bundle, default_path

pytestmark = pytest.mark.server

Question = Callable[..., dict[str, Any]]
Ask = Callable[[str, Any], dict[str, Any]]

RETAIN = {"kind": "retain", "payload": "digest", "days": 400}
CLAMP = {"kind": "clamp", "max_tokens": 4096}


def _route(*deployments: str) -> dict[str, Any]:
    return {"kind": "route", "deployments": list(deployments), "strategy": "ordered"}


ALLOWED: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    # who asks                                                    what the gateway must do
    ({"roles": ("analyst",)}, [_route("echo-cloud", "echo-onprem"), RETAIN, CLAMP]),
    ({"roles": ("Analyst",)}, [_route("echo-cloud", "echo-onprem"), RETAIN, CLAMP]),
    ({"roles": ("engineer",)}, [_route("echo-cloud", "echo-onprem"), RETAIN]),
    ({"roles": ("developer",), "model": "meta/llama-3.3"}, [_route("echo-cloud", "echo-onprem"), RETAIN]),
    (
        {"roles": ("analyst", "engineer"), "model": "gpt-4.1"},
        [_route("echo-cloud", "echo-onprem"), RETAIN, CLAMP],
    ),
    ({"model": "gpt-4o-mini"}, [_route("echo-cloud", "echo-onprem"), RETAIN, CLAMP]),
    ({"team": None}, [_route("echo-cloud", "echo-onprem"), RETAIN, CLAMP]),
    ({"team": "sales"}, [_route("echo-cloud", "echo-onprem"), RETAIN, CLAMP]),
    ({"team": "hr"}, [_route("echo-onprem"), RETAIN, CLAMP]),
    ({"team": "HR"}, [_route("echo-onprem"), RETAIN, CLAMP]),
    ({"labels": ("hr",)}, [_route("echo-onprem"), RETAIN, CLAMP]),
    ({"labels": ("HR", "hr")}, [_route("echo-onprem"), RETAIN, CLAMP]),
    ({"deployments": ("echo-onprem", "echo-cloud")}, [_route("echo-onprem", "echo-cloud"), RETAIN, CLAMP]),
]

REFUSED: list[tuple[dict[str, Any], list[str]]] = [
    ({"team": "hr", "model": "demo-cloud-only", "deployments": ("echo-cloud",)}, ["residency.hr_onprem"]),
    ({"labels": ("hr",), "deployments": ("echo-cloud",)}, ["residency.hr_onprem"]),
    ({"roles": ("engineer",), "team": "hr", "deployments": ("echo-cloud",)}, ["residency.hr_onprem"]),
    ({"team": "people"}, ["residency.unknown_team"]),
    ({"labels": ("secret",)}, ["residency.unknown_label"]),
    ({"roles": ("analyst",), "model": "gpt-5"}, ["access.not_granted"]),
    ({"roles": ("analyst",), "model": "xdemo-small"}, ["access.not_granted"]),
    ({"roles": ()}, ["access.not_granted"]),
    ({"roles": ("*",)}, ["access.not_granted"]),
    ({"labels": None}, ["content.unknown"]),
    ({"deployments": ()}, ["route.unknown_candidates"]),
    ({"deployments": ("echo-onprem", "echo-onprem")}, ["route.unknown_candidates"]),
    ({"version": 2}, ["access.unknown_version"]),
    (
        {"roles": (), "team": "people", "version": 2},
        ["access.not_granted", "access.unknown_version", "residency.unknown_team"],
    ),
]


@pytest.mark.parametrize(("who", "obligations"), ALLOWED)
def test_allows_with_obligations(
    who: dict[str, Any], obligations: list[dict[str, Any]], question: Question, ask: Ask
) -> None:
    """A permitted request carries exactly these obligations, the route in the catalogue's order."""
    expected = {"allow": True, "reasons": [], "obligations": obligations, "advice": []}
    assert expected == ask("request", question(**who))["result"]


@pytest.mark.parametrize(("who", "reasons"), REFUSED)
def test_refuses_with_reasons(who: dict[str, Any], reasons: list[str], question: Question, ask: Ask) -> None:
    """A refused request says why, sorted by reason, and carries no obligation."""
    decision = ask("request", question(**who))["result"]
    assert (False, reasons, [], []) == (
        decision["allow"],
        [reason["id"] for reason in decision["reasons"]],
        decision["obligations"],
        decision["advice"],
    )


@pytest.mark.parametrize(
    ("who", "reasons"),
    [
        ({}, []),
        ({"roles": ("engineer",), "model": "gpt-5"}, []),
        ({"deployments": ()}, []),  # admission does not look at candidates
        ({"team": "people"}, []),  # nor at labels
        ({"model": "gpt-5"}, ["access.not_granted"]),
        ({"roles": ()}, ["access.not_granted"]),
        ({"version": 2}, ["access.unknown_version"]),
    ],
)
def test_admission_of_a_model(who: dict[str, Any], reasons: list[str], question: Question, ask: Ask) -> None:
    """At the door only the grant and the kind of question count, and there are no obligations."""
    decision = ask("admission", question(**{"labels": None, **who}))["result"]
    found = [reason["id"] for reason in decision["reasons"]]
    assert (not reasons, reasons, []) == (decision["allow"], found, decision["obligations"])


@pytest.mark.parametrize(("roles", "allowed"), [(("analyst",), True), (("guest",), False), ((), False)])
def test_admission_of_listing(roles: tuple[str, ...], allowed: bool, listing: Question, ask: Ask) -> None:  # noqa: FBT001 - a table's column
    """Whoever has any grant may list models."""
    assert allowed == ask("admission", listing(roles=roles))["result"]["allow"]


def test_listing_is_no_request(listing: Question, ask: Ask) -> None:
    """The request entry point permits no action that has no route."""
    decision = ask("request", listing())["result"]
    assert not decision["allow"]
    assert "access.unknown_action" in [reason["id"] for reason in decision["reasons"]]


@pytest.mark.parametrize(
    ("who", "reasons"),
    [
        ({}, []),
        ({"team": "hr"}, []),
        ({"team": "hr", "deployments": ("echo-cloud",)}, ["residency.hr_onprem"]),
        ({"team": "people"}, ["residency.unknown_team"]),
        ({"model": "gpt-5"}, ["access.not_granted"]),
        ({"deployments": ()}, ["route.unknown_candidates"]),
        ({"deployments": ("echo-onprem", "echo-onprem")}, ["route.unknown_candidates"]),
        ({"version": 2}, ["access.unknown_version"]),
    ],
)
def test_the_catalogue_shows_what_could_be_used(
    who: dict[str, Any], reasons: list[str], question: Question, ask: Ask
) -> None:
    """A model is shown to whoever is granted it and whose team's data one of its deployments may process."""
    decision = ask("catalogue", question(**{"labels": None, **who}))["result"]
    assert (not reasons, reasons) == (decision["allow"], [reason["id"] for reason in decision["reasons"]])


@pytest.mark.parametrize(
    ("roles", "action", "allowed"),
    [
        (("regent-admin",), "bundle.activate", True),
        (("Regent-Admin",), "policy.explain", True),
        (("regent-admin",), "audit.query", False),
        (("regent-auditor",), "audit.query", True),
        (("regent-auditor",), "bundle.read", True),
        (("regent-auditor",), "bundle.activate", False),
        (("engineer",), "bundle.read", False),
        ((), "bundle.read", False),
    ],
)
def test_who_may_administer_and_who_may_audit(
    roles: tuple[str, ...],
    action: str,
    allowed: bool,  # noqa: FBT001 - a table's column
    administering: Question,
    ask: Ask,
) -> None:
    """There is no back door: administration needs a grant like everything else."""
    assert allowed == ask("admin", administering(action, roles=roles))["result"]["allow"]


def test_a_reply_is_released_from_a_candidate_only(replying: Question, ask: Ask) -> None:
    """A reply with its facts, from one of the candidates, is released; any other isn't."""
    allowed = {"allow": True, "reasons": [], "obligations": [], "advice": []}
    assert allowed == ask("response", replying())["result"]
    for strange in (replying(deployment="elsewhere"), replying(finish=None), replying(roles=())):
        decision = ask("response", strange)["result"]
        assert (decision["allow"], bool(decision["reasons"])) == (False, True)


@pytest.mark.parametrize("phase", ["admission", "request", "response", "catalogue", "admin"])
@pytest.mark.parametrize("document", [{}, [], None, "chat", 7, {"version": None, "subject": []}])
def test_refuses_what_is_no_question(phase: str, document: Any, ask: Ask) -> None:
    """Any document at all gets a decision, and it is a refusal with a reason."""
    decision = ask(phase, document)["result"]
    assert decision["allow"] is False
    assert decision["reasons"]


def test_decisions_fit_their_schema(
    question: Question,
    listing: Question,
    administering: Question,
    replying: Question,
    ask: Ask,
    schemas: Mapping[str, dict[str, Any]],
) -> None:
    """Every decision of the tables is a document that decision.json describes."""
    check = jsonschema.Draft7Validator(schemas["decision"])
    for who in [who for who, _ in ALLOWED] + [who for who, _ in REFUSED]:
        check.validate(ask("request", question(**who))["result"])
        check.validate(ask("admission", question(**who))["result"])
        check.validate(ask("catalogue", question(**who))["result"])
    check.validate(ask("admission", listing())["result"])
    check.validate(ask("response", replying())["result"])
    check.validate(ask("admin", administering("bundle.read"))["result"])
    for phase in ("admission", "request", "response", "catalogue", "admin"):
        check.validate(ask(phase, {})["result"])


def test_provenance_names_the_revision(question: Question, ask: Ask) -> None:
    """OPA reports the revision that the manifest names, so a record can tell which policy decided."""
    provenance = ask("request", question())["provenance"]
    (loaded,) = provenance["bundles"].values()
    assert bundle.read(default_path()).revision == loaded["revision"]
