"""The house's rules for authors: each trap is seen, and what is safe is let pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bundles.authoring import house_rules, sources

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """package rules.request.denies.example

import data.facts.models

"""
OWN = '"No."'
REASON = '{"id": "a.b", "user": "No.", "admin": "No.", "controls": []}'


def deny(user: str, said: str = "") -> str:
    """A rule whose reason has this term for the user; `said` is bound before, if to anything."""
    before = f"\tsaid := {said}\n" if said else ""
    return f"deny contains reason if {{\n{before}\treason := {REASON.replace(OWN, user, 1)}\n}}"


def found(
    folder: Path, opa: Path, rules: str, name: str = "rules/request/denies/example/example.rego"
) -> list[str]:
    """What is found in a module with these rules, each with its line behind the head."""
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_text(HEAD + rules + "\n", encoding="utf-8")
    (module,) = sources.read(folder, opa).modules.values()
    return [f"{each.row - HEAD.count(chr(10))}: {each.what}" for each in house_rules.found_in(module)]


@pytest.mark.parametrize(
    ("rules", "what"),
    [
        (
            'a if glob.match("gpt-4*", [], models.asked)',
            '1: glob.match with [] as its delimiters, which means ["."]',
        ),
        (
            "a if not input.model",
            "1: a field or a computed value is negated; where it is absent, `not` holds",
        ),
        ("a if not data.regent.known", "1: a field or a computed value"),
        ('a if not data.regent.known["demo"]', "1: a field or a computed value"),
        ("a if {\n\tsome d in input.all\n\tnot d.zone\n}", "3: a field or a computed value"),
        ("a if not models.asked.name", "1: a field or a computed value"),
        ('a if not startswith(input.model, "gpt")', "1: a field or a computed value"),
        ('a if not input.model in {"demo"}', "1: a field or a computed value"),
        ('a if not input.model == "demo"', "1: a field or a computed value"),
        ("a if {\n\tname := models.asked\n\tnot count(name) > 3\n}", "3: a field or a computed value"),
        (
            deny("input.subject.id"),
            "2: a reason reads input",
        ),
        (
            deny('sprintf("%s", [models.asked])'),
            "2: a reason reads models",
        ),
        (
            deny("data.regent.why"),
            "2: a reason reads data",
        ),
        (
            deny("said", said="input.why"),
            "3: a reason reads said",
        ),
        ('deny contains {"id": "a.b", "user": "No."} if models.asked', "1: a reason without admin, controls"),
        ('a if lower(models.asked) == "demo"', "1: lower folds what facts/ has folded"),
        ('a if upper(models.asked) == "DEMO"', "1: upper folds what facts/ has folded"),
        ('a if input.resource.id == "demo"', "1: input.resource.id is compared as the caller spelled it"),
        ('a if "admin" in input.subject.properties.roles', "1: input.subject.properties.roles is compared"),
        (
            'a if startswith(input.subject.properties.team, "hr")',
            "1: input.subject.properties.team is compared",
        ),
        ('a if glob.match("*", null, input.resource.id)', "1: input.resource.id is compared"),
    ],
)
def test_a_trap_is_seen(rules: str, what: str, tmp_path: Path, opa: Path) -> None:
    """Whatever would permit while it looks like a refusal is found at its line."""
    assert any(line.startswith(what) for line in found(tmp_path, opa, rules)), rules


@pytest.mark.parametrize(
    "rules",
    [
        'a if glob.match("gpt-4*", null, models.asked)',
        'a if glob.match("a:*", [":"], models.asked)',
        'a if not _known\n\n_known if models.asked == "demo"',
        "a if not models.granted",
        'a if {\n\tname := models.asked\n\tnot startswith(name, "gpt")\n}',
        'a if {\n\tname := models.asked\n\tnot name in {"demo", "other"}\n}',
        "a if {\n\tsome n in models.all\n\tnot _listed(n)\n}\n\n_listed(n) if data.regent.known[n]",
        'a if {\n\tsome name in models.all\n\tnot _off[name]\n}\n\n_off contains "demo"',
        f"deny contains reason if reason := {REASON}",
        deny("said.user", said="data.regent.why"),
        deny("said.user", said='models.reason("a")'),
        'a if input.action.name == "chat.completions"',
        "a if is_array(input.subject.properties.roles)",
        'a if lower(input.subject.properties.claims.purpose) == "care"',
        'obligation contains {"kind": "clamp", "max_tokens": input.action.properties.max_tokens}',
    ],
)
def test_what_is_safe_passes(rules: str, tmp_path: Path, opa: Path) -> None:
    """The rules of the house are no harder than the traps."""
    assert found(tmp_path, opa, rules) == []


def test_facts_may_fold_case(tmp_path: Path, opa: Path) -> None:
    """Case is folded in facts, once; so there it may be."""
    assert found(tmp_path, opa, "asked := lower(input.resource.id)", "facts/models/models.rego") == []
