package facts.caller_test

import data.facts.caller

_caller(properties) := {"subject": {"id": "batch", "properties": properties}}

_house := {
	"roles": {},
	"teams": {"hr": {"labels": ["hr"]}},
	"teamless": {"labels": ["guest"]},
	"subjects": {"batch": {"issuer": "https://idp.example", "models": ["demo-*"]}},
}

test_roles_are_folded_to_lower_case if {
	caller.roles == {"analyst", "engineer"} with input as _caller({"roles": ["Analyst", "engineer"]})
}

test_roles_absent_or_of_another_type_are_none if {
	caller.roles == set() with input as _caller({})
	caller.roles == set() with input as _caller({"roles": "engineer"})
	caller.roles == set() with input as _caller({"roles": [7, null]})
}

test_team_is_found_in_any_case if {
	caller.team == {"labels": ["hr"]} with input as _caller({"team": "HR"}) with data.regent as _house
}

test_team_absent_is_teamless if {
	caller.team == {"labels": ["guest"]} with input as _caller({"issuer": "i"}) with data.regent as _house
	caller.team == {"labels": ["guest"]} with input as _caller({"issuer": "i", "team": null}) with data.regent as _house
}

test_team_unknown_or_of_another_type_is_undefined if {
	not caller.team with input as _caller({"team": "hr "}) with data.regent as _house
	not caller.team with input as _caller({"team": ["hr"]}) with data.regent as _house
	not caller.team with input as {} with data.regent as _house
	not caller.team with input as _caller({}) with data.regent as _house
	not caller.team with input as _caller({"issuer": 7}) with data.regent as _house
}

test_subject_counts_only_for_its_own_issuer if {
	caller.subject.models == ["demo-*"] with input as _caller({"issuer": "https://idp.example"}) with data.regent as _house
	not caller.subject with input as _caller({"issuer": "https://evil.example"}) with data.regent as _house
	not caller.subject with input as _caller({}) with data.regent as _house
}
