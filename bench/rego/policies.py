"""The policies that are measured, as sources: the shipped one, and bigger ones written by rule; runs nothing.

The same numbers make the same text on every machine.
A policy of many rules has them in a cycle of ten, as gateways have them. What OPA's rule index can do with
each kind is stated, because OPA looks only at the rules that its index leaves over.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bench.engines import QUESTION

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = dict[str, Any]
_MISSING: Final = object()

RULES: Final = "bench/rules/decision"
SUBJECTS: Final = "bench/subjects/decision"
SHIPPED: Final = ("gateway/request/decision", "gateway/admission/decision")


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a policy.

    Args:
        name: what is special about it, such as `deny`.
        entrypoint: whom it is for.
        document: the input.
    """

    name: str
    entrypoint: str
    document: Document


@dataclass(frozen=True, slots=True)
class Sources:
    """A policy that was written by rule.

    Args:
        name: as tables show it.
        rego: one module.
        data: the base documents.
        questions: what it is asked; the first one is allowed.
        indexable: share of the rules that OPA's rule index can leave out unlooked at; None where a policy
            has too few for that to matter.
    """

    name: str
    rego: str
    data: Document
    questions: tuple[Question, ...]
    indexable: float | None = None


def shipped_questions() -> tuple[Question, ...]:
    """What the shipped policy is asked: a plain call, a forbidden one, one with facts missing."""
    cloud = [{"id": "azure-eu", "provider": "p", "model": "m", "zone": "cloud", "region": "r", "labels": []}]
    forbidden = {
        SHIPPED[0]: _changed({("resource", "properties", "deployments"): cloud}),
        SHIPPED[1]: _changed({("resource", "id"): "other-model"}),
    }
    missing = _changed({
        ("subject", "properties", "team"): _MISSING,
        ("subject", "properties", "roles"): _MISSING,
        ("context", "content"): _MISSING,
    })  # fmt: skip
    return tuple(
        Question(name, entrypoint, document)
        for entrypoint in SHIPPED
        for name, document in (("allow", QUESTION), ("deny", forbidden[entrypoint]), ("missing", missing))
    )


_GRANT: Final = """granted if {{
	input.subject.properties.team == "team-{team}"
	input.resource.id == "model-{number}"
}}"""
_OTHER_TEAM: Final = """deny contains reason if {{
	input.resource.id == "model-{number}"
	input.subject.properties.team != "team-{team}"
	reason := {reason}
}}"""
_PREFIX: Final = """deny contains reason if {{
	startswith(input.subject.id, "external-{number}-")
	reason := {reason}
}}"""
_GLOB: Final = """deny contains reason if {{
	glob.match("vendor-{number}/*", ["/"], input.resource.id)
	input.action.properties.stream
	reason := {reason}
}}"""
_LABEL: Final = """deny contains reason if {{
	"label-{number}" in input.context.content.labels
	some deployment in input.resource.properties.deployments
	deployment.zone != "onprem"
	reason := {reason}
}}"""
_LIMIT: Final = """deny contains reason if {{
	input.action.properties.max_tokens > {limit}
	input.subject.properties.team != "team-{team}"
	reason := {reason}
}}"""
_CYCLE: Final = (*[_GRANT] * 4, *[_OTHER_TEAM] * 2, _PREFIX, _GLOB, _LABEL, _LIMIT)
# OPA 1.21's index (v1/ast/index.go) leaves rules out by equality, affixes, globs and membership.
_INDEXABLE: Final = frozenset({_GRANT, _OTHER_TEAM, _PREFIX, _GLOB, _LABEL})

_HEAD: Final = """package bench.rules

decision := {"allow": allowed, "reasons": [ranked[1] | some ranked in sort([[r.id, r] | some r in deny])]}

default allowed := false

allowed if {
	granted
	count(deny) == 0
}

default granted := false
"""


def rules(count: int) -> Sources:
    """A gateway's policy with that many rules: grants by team and model, reasons to deny of six kinds."""
    written = [_rule(number) for number in range(count)]
    indexable = sum(_CYCLE[number % len(_CYCLE)] in _INDEXABLE for number in range(count)) / count
    text = "\n\n".join([_HEAD.rstrip(), *written]) + "\n"
    usual = {("subject", "properties", "team"): "team-0", ("resource", "id"): "model-0"}
    denied = {
        ("subject", "id"): "external-6-bob",
        ("context", "content", "labels"): ["label-8"],
        ("action", "properties", "max_tokens"): 4_096 + 60,
    }
    missing = {("subject", "properties", "team"): _MISSING, ("context", "content"): _MISSING}
    questions = (
        Question("allow", RULES, _changed(usual)),
        Question("deny", RULES, _changed({**usual, **denied})),
        Question("missing", RULES, _changed({**usual, **missing})),
    )
    return Sources(f"{count:,} rules", text, {}, questions, indexable)


def _rule(number: int) -> str:
    reason = (
        f'{{"id": "rule.{number:05}", "user": "This call is not permitted.", '
        f'"admin": "Rule {number} refuses it.", "controls": ["GDPR-32"]}}'
    )
    return _CYCLE[number % len(_CYCLE)].format(
        number=number, team=number % 7, limit=4_096 + number, reason=reason
    )


_SUBJECTS: Final = """package bench.subjects

decision := {
	"allow": allowed,
	"reasons": [ranked[1] | some ranked in sort([[r.id, r] | some r in deny])],
	"max_tokens": limit,
}

default allowed := false

allowed if {
	granted
	count(deny) == 0
}

granted if {
	some role in data.subjects[input.subject.id].roles
	some pattern in data.grants[role].models
	glob.match(pattern, null, input.resource.id)
}

default limit := 0

limit := min({tokens |
	some role in data.subjects[input.subject.id].roles
	tokens := data.grants[role].max_tokens
})

deny contains {"id": "subject.unknown", "user": "Nobody knows you."} if not data.subjects[input.subject.id]

deny contains {"id": "subject.suspended", "user": "You are out."} if data.subjects[input.subject.id].suspended

deny contains {"id": "subject.other_team", "user": "This is not your team."} if {
	input.subject.properties.team != data.subjects[input.subject.id].team
}

deny contains {"id": "limits.tokens", "user": "Ask for less."} if input.action.properties.max_tokens > limit
"""


def subjects(count: int) -> Sources:
    """A few rules over that many subjects, each with a team and two roles, and a grant for each role."""
    roles = 50
    data: Document = {
        "subjects": {
            f"user-{number}@acme": {
                "team": f"team-{number % 200}",
                "roles": [f"role-{number % roles}", f"role-{(number + 7) % roles}"],
                "suspended": number % 97 == 96,
            }
            for number in range(count)
        },
        "grants": {
            f"role-{number}": {"models": [f"model-{number}", f"family-{number}-*"], "max_tokens": 4_096}
            for number in range(roles)
        },
    }
    usual = {
        ("subject", "id"): "user-0@acme",
        ("subject", "properties", "team"): "team-0",
        ("resource", "id"): "family-7-large",
    }
    questions = (
        Question("allow", SUBJECTS, _changed(usual)),
        Question("deny", SUBJECTS, _changed({**usual, ("subject", "properties", "team"): "team-9"})),
        Question("missing", SUBJECTS, _changed({**usual, ("subject", "id"): _MISSING})),
    )
    return Sources(f"{count:,} subjects", _SUBJECTS, data, questions)


def padded(document: Mapping[str, Any], size: int) -> Document:
    """The same question with about `size` bytes of facts that no policy here reads, nested like real ones."""
    entry = {"name": "x-header", "values": ["0123456789abcdef"] * 3, "seen": 17, "trusted": False}
    return _changed({("context", "unread"): [dict(entry) for _ in range(size // 100)]}, document)


def _changed(changes: Mapping[tuple[str, ...], Any], document: Mapping[str, Any] = QUESTION) -> Document:
    """A copy of a question in which the values at some paths are others, or missing."""
    changed: Document = copy.deepcopy(dict(document))
    for path, value in changes.items():
        place = changed
        for name in path[:-1]:
            place = place[name]
        if value is _MISSING:
            del place[path[-1]]
        else:
            place[path[-1]] = value
    return changed
