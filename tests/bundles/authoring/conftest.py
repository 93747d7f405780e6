"""What the tests of the authors' commands share: a small tree of policies of their own, whole and clean."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]

FRAME = """# METADATA
# title: Request
# description: May this call leave the house?
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package gateway.request

# METADATA
# title: The decision
# description: Allows on a grant and no reason against it.
# entrypoint: true
decision := {"allow": true, "reasons": [], "obligations": [], "advice": []} if {
	count(_reasons) == 0
	data.rules.request.grants[_].allow == true
} else := {"allow": false, "reasons": [reason | some reason in _reasons], "obligations": [], "advice": []}

_reasons contains data.rules.request.denies[_].deny[_]
"""
FRAME_TEST = """package gateway.request_test

import data.gateway.request

test_denies_an_empty_question if request.decision.allow == false with input as {}

test_allows if {
	question := {"subject": {"id": "alice"}, "resource": {"id": "demo"}}
	request.decision.allow == true with input as question with data.regent as {"known": ["demo"]}
}
"""
DENY = """# METADATA
# title: The model is known
# description: Refuses a model that the house does not list.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: known_model
#   reasons: [model.unknown]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32]
package rules.request.denies.known_model

import data.facts.models

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	not _known
	reason := {
		"id": "model.unknown",
		"user": "This model is not known here.",
		"admin": "The model is not listed under regent.known.",
		"controls": ["GDPR-32"],
	}
}

_known if models.asked in data.regent.known
"""
DENY_TEST = """package rules.request.denies.known_model_test

import data.rules.request.denies.known_model

_ids := {reason.id | some reason in known_model.deny}

test_permits_what_is_listed if {
	_ids == set() with input as {"resource": {"id": "Demo"}} with data.regent as {"known": ["demo"]}
}

test_denies[note] if {
	some note, question in {"nothing": {}, "a list": {"resource": {"id": ["demo"]}}}
	_ids == {"model.unknown"} with input as question with data.regent as {"known": ["demo"]}
}
"""
GRANT = """# METADATA
# title: Whoever is named may ask
# description: Grants every call of a subject.
# schemas:
#   - input: schema.input
# custom:
#   id: anybody
#   reasons: [access.not_granted]
#   severity: low
#   enforcement: enforce
#   controls: [GDPR-32, ISO-27001-A.5.15]
package rules.request.grants.anybody

# METADATA
# description: Whether the call is granted.
# scope: document
default allow := false

allow if is_string(input.subject.id)
"""
GRANT_TEST = """package rules.request.grants.anybody_test

import data.rules.request.grants.anybody

test_allows_a_subject if anybody.allow == true with input as {"subject": {"id": "alice"}}

test_denies_nobody if anybody.allow == false with input as {}
"""
FACTS = """# METADATA
# title: Models
# description: What was asked for.
# schemas:
#   - input: schema.input
package facts.models

# METADATA
# description: The model asked for, in lower case.
asked := lower(input.resource.id)
"""
FACTS_TEST = """package facts.models_test

import data.facts.models

test_folds_case if models.asked == "demo" with input as {"resource": {"id": "Demo"}}
"""
NAME = {"type": "string", "minLength": 1, "maxLength": 64}
INPUT = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "subject": {"type": "object", "additionalProperties": False, "properties": {"id": NAME}},
        "resource": {"type": "object", "additionalProperties": False, "properties": {"id": NAME}},
    },
}
REQUIRED = {
    "type": "object",
    "maxProperties": 8,
    "additionalProperties": {
        "type": "object",
        "maxProperties": 8,
        "additionalProperties": {"type": "array", "items": NAME, "maxItems": 8},
    },
}
HOUSE = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "enforcement": {"type": "object", "maxProperties": 8, "additionalProperties": NAME},
        "known": {
            "type": "array",
            "description": "Models that may be used.",
            "items": {
                "type": "string",
                "pattern": "^[a-z]+$",
                "description": "in lower case",
                "maxLength": 64,
            },
            "maxItems": 8,
        },
        "required": REQUIRED,
    },
    "required": ["known", "required"],
}
FILES = {
    ".manifest": '{"roots": ["facts", "gateway", "regent", "rules"], "rego_version": 1}\n',
    "facts/models/models.rego": FACTS,
    "facts/models/models_test.rego": FACTS_TEST,
    "gateway/request/request.rego": FRAME,
    "gateway/request/request_test.rego": FRAME_TEST,
    "regent/data.yaml": "# What is known.\nknown:\n  - demo\n  - other\n",
    "regent/required/data.yaml": "request:\n  grants: [anybody]\n  denies: [known_model]\n",
    "rules/request/denies/known_model/known_model.rego": DENY,
    "rules/request/denies/known_model/known_model_test.rego": DENY_TEST,
    "rules/request/grants/anybody/anybody.rego": GRANT,
    "rules/request/grants/anybody/anybody_test.rego": GRANT_TEST,
    "schemas/input.json": json.dumps(INPUT, indent=2),
    "schemas/regent.json": json.dumps(HOUSE, indent=2),
}
DENY_FILE = "rules/request/denies/known_model/known_model.rego"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder of policies: a frame, a fact, a grant, a deny, data and schemas; there is nothing to mend."""
    folder = tmp_path / "small"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "policies" / "capabilities.json", folder)
    return folder


@pytest.fixture
def edit(small: Path) -> Callable[[str, str, str], None]:
    """Replaces a text in one of the tree's files; the text must be there."""

    def replace(name: str, old: str, new: str) -> None:
        path = small / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert old in text
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(old, new) if old else new, encoding="utf-8")

    return replace
