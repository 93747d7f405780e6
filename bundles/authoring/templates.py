"""The texts that `regent policy new` starts a rule from, for each phase and kind; writes no file.

What comes of them passes `check` and `test` as it is, refuses what is absent, of another type or hostile,
and counts as `shadow`: a rule that is being written decides nothing yet.
"""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD: Final = Template("""# METADATA
# title: $title
# description: $description
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: $name
#   reasons: [$reason]
#   severity: medium
#   enforcement: shadow
#   controls: [$control]
package rules.$phase.$kind.$name

$imports# METADATA
# description: It is tried out and decides nothing yet. To enforce it, drop this rule, and say enforce in METADATA.
enforcement := "shadow"

""")

RULES: Final[Mapping[str, Template]] = {
    "denies": Template("""# METADATA
# description: Reasons to refuse.
deny contains reason if {
	not _permitted
	reason := {
		"id": "$reason",
		"user": "This may not be used here.",
		"admin": "What was asked for is absent, oddly spelled, or listed by the rule $name.",
		"controls": ["$control"],
	}
}

# The test is positive: what is absent or of another type is not permitted.
_permitted if {
	asked := $asked
	regex.match(`^[a-z0-9][a-z0-9._:/-]*$$`, asked)
	not _listed(asked)
}
"""),
    "grants": Template("""# METADATA
# description: Whether this rule grants it; without a role that is listed it doesn't.
# scope: document
default allow := false

allow if {
	some role in caller.roles
	_listed(role)
}
"""),
    "routes": Template("""# METADATA
# description: Ids of the deployments that this rule permits. One without a zone is not permitted.
permitted contains deployment.id if {
	some deployment in input.resource.properties.deployments
	zone := deployment.zone
	regex.match(`^[a-z0-9][a-z0-9._:/-]*$$`, zone)
	not _listed(zone)
}

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	count(permitted) == 0
	reason := {
		"id": "$reason",
		"user": "No deployment that may process this call serves the model.",
		"admin": "Each candidate lies in a zone that the rule $name lists, or names no zone.",
		"controls": ["$control"],
	}
}
"""),
    "obligations": Template("""# METADATA
# description: What the gateway must do for callers with a role that is listed.
obligation contains $obligation if {
	some role in caller.roles
	_listed(role)
}

# METADATA
# description: Reasons to refuse. An obligation that can't be stated is one.
deny contains reason if {
	not quantities.positive(_limit)
	reason := {
		"id": "$reason",
		"user": "A limit of this policy cannot be applied.",
		"admin": "The limit in the rule $name is not a positive whole number.",
		"controls": ["$control"],
	}
}

_limit := 1024
"""),
}

LISTED: Final = Template("""
# Names are in lower case, as facts give them.
_listed(name) if name in {"$example"}
""")
LISTED_IN_A_TABLE: Final = Template("""
# A table that is missing lists nothing; the schema sees to it that it is there.
_listed(name) if data.regent.$table[name]
""")

TEST_HEAD: Final = Template("""package rules.$phase.$kind.${name}_test

import data.rules.$phase.$kind.$name
$house
""")

TESTS: Final[Mapping[str, Template]] = {
    "denies": Template("""_asks(asked) := $question

_ids := {reason.id | some reason in $name.deny}

test_permits_what_is_not_listed if {
	$name.deny == set() with input as _asks("another")$data
}

test_denies_what_is_listed[note] if {
	some note, asked in {"as listed": "$example", "in another case": "$upper"}
	_ids == {"$reason"} with input as _asks(asked)$data
}

test_denies_what_is_absent[note] if {
	some note, question in {"everything": {}, "what is asked for": json.remove(_asks("another"), ["$field"])}
	_ids == {"$reason"} with input as question$data
}

test_denies_wrong_types[note] if {
	some note, asked in {"list": ["another"], "number": 7, "null": null, "object": {"another": true}}
	_ids == {"$reason"} with input as _asks(asked)$data
}

test_denies_hostile_values[note] if {
	some note, asked in {"blank at the end": "$example ", "line break": "$example\\n", "empty": "", "glob": "*"}
	_ids == {"$reason"} with input as _asks(asked)$data
}
"""),
    "grants": Template("""_asks(roles) := {"subject": {"type": "user", "id": "alice", "properties": {"roles": roles}}}

test_allows_a_role_that_is_listed[note] if {
	some note, role in {"as listed": "$example", "in another case": "$upper"}
	$name.allow == true with input as _asks([role])$data
}

test_denies_another_role if {
	$name.allow == false with input as _asks(["another"])$data
}

test_denies_what_is_absent[note] if {
	some note, question in {"everything": {}, "roles": {"subject": {"properties": {}}}, "no role": _asks([])}
	$name.allow == false with input as question$data
}

test_denies_wrong_types[note] if {
	some note, roles in {"text": "$example", "object": {"$example": true}, "numbers": [7, null]}
	$name.allow == false with input as _asks(roles)$data
}

test_denies_hostile_values[note] if {
	some note, role in {"blank at the end": "$example ", "glob": "*", "two in one": "another,$example"}
	$name.allow == false with input as _asks([role])$data
}
"""),
    "routes": Template("""_asks(zone) := {"resource": {"properties": {"deployments": [{"id": "echo", "zone": zone}]}}}

_ids := {reason.id | some reason in $name.deny}

test_permits_a_zone_that_is_not_listed if {
	$name.permitted == {"echo"} with input as _asks("another")$data
	$name.deny == set() with input as _asks("another")$data
}

test_denies_a_zone_that_is_listed if {
	$name.permitted == set() with input as _asks("$example")$data
	_ids == {"$reason"} with input as _asks("$example")$data
}

test_denies_what_is_absent[note] if {
	some note, deployments in {"no candidate": [], "no zone": [{"id": "echo"}]}
	_ids == {"$reason"} with input as {"resource": {"properties": {"deployments": deployments}}}$data
}

test_denies_an_empty_question if {
	_ids == {"$reason"} with input as {}$data
}

test_denies_wrong_types[note] if {
	some note, zone in {"list": ["another"], "number": 7, "null": null}
	_ids == {"$reason"} with input as _asks(zone)$data
}

test_denies_hostile_values[note] if {
	some note, zone in {"blank at the end": "another ", "upper case": "$upper", "empty": ""}
	_ids == {"$reason"} with input as _asks(zone)$data
}
"""),
    "obligations": Template("""_asks(roles) := {"subject": {"type": "user", "id": "alice", "properties": {"roles": roles}}}

_ids := {reason.id | some reason in $name.deny}

test_obliges_a_role_that_is_listed[note] if {
	some note, role in {"as listed": "$example", "in another case": "$upper"}
	$name.obligation == {$stated} with input as _asks([role])$data
	$name.deny == set() with input as _asks([role])$data
}

test_obliges_nobody_else[note] if {
	some note, question in {"everything absent": {}, "another role": _asks(["another"]), "text": _asks("$example")}
	$name.obligation == set() with input as question$data
}

test_hostile_values_oblige_nobody[note] if {
	some note, role in {"blank at the end": "$example ", "glob": "*"}
	$name.obligation == set() with input as _asks([role])$data
}

test_denies_a_limit_that_is_none[note] if {
	some note, limit in {"text": "1024", "zero": 0, "fraction": 1.5, "null": null}
	_ids == {"$reason"} with input as _asks(["$example"]) with $name._limit as limit$data
}
"""),
}

TEST_END: Final = Template("""
test_is_tried_out_first if $name.enforcement == "shadow"
""")

TABLE: Final = Template("""# $title
# Name, in lower case -> why it is listed. The shape: schemas/regent.json.
#   $example:
#     note: why
{}
""")
