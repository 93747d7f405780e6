package facts.scope_test

import data.facts.scope

_call := {
	"subject": {
		"id": "alice@acme",
		"properties": {"issuer": "https://idp.example", "organization": "ACME", "team": "HR", "roles": ["Analyst"]},
	},
	"resource": {"id": "GPT-4.1"},
}

_about := {
	"everybody": {},
	"a team": {"teams": ["hr"]},
	"a model": {"models": ["gpt-5", "gpt-4.1"]},
	"a glob that spans dots": {"models": ["gpt-4*"]},
	"people and models": {"roles": ["analyst"], "organizations": ["acme"], "models": ["*"]},
	"a subject": {"subjects": ["*@acme"], "issuer": "https://idp.example"},
}

test_covers[note] if {
	some note, row in _about
	scope.covers(row) with input as _call
	scope.sound(row)
}

test_covers_nothing_else[note] if {
	some note, row in {
		"another model": {"models": ["gpt-4"]},
		"another team": {"teams": ["eng"], "models": ["*"]},
		"people of another model": {"teams": ["hr"], "models": ["gpt-5*"]},
		"no model": {"models": []},
		"a model without a list": {"models": "gpt-4.1"},
	}
	not scope.covers(row) with input as _call
}

test_no_model_is_covered_where_none_is_asked_for if {
	not scope.covers({"models": ["*"]}) with input as json.remove(_call, ["resource/id"])
	scope.covers({"teams": ["hr"]}) with input as json.remove(_call, ["resource/id"])
}

test_sound_rows_can_be_read[note] if {
	some note, row in {"null": null, "text": "hr", "list": ["hr"], "number": 7}
	not scope.sound(row)
}

test_sound_lists_are_lists_of_texts[list] if {
	some list in ["models", "organizations", "roles", "teams"]
	scope.sound({list: ["a"]})
	not scope.sound({list: "a"})
	not scope.sound({list: ["a", 7]})
	not scope.sound({list: null})
	not scope.sound({list: {"a": "a"}})
}

test_sound_subjects_have_an_issuer if {
	not scope.sound({"subjects": ["alice@acme"]})
	not scope.sound({"subjects": ["alice@acme"], "issuer": null})
	not scope.sound({"subjects": "alice@acme", "issuer": "https://idp.example"})
}

test_known if {
	scope.known with input as _call
	scope.known with input as json.remove(_call, ["subject/properties/team", "subject/properties/organization"])
	scope.known with input as json.patch(_call, [{"op": "replace", "path": "subject/properties/roles", "value": []}])
}

test_unknown_where_something_is_absent[path] if {
	some path in ["subject", "subject/id", "subject/properties/issuer", "subject/properties/roles", "resource/id"]
	not scope.known with input as json.remove(_call, [path])
}

test_unknown_where_something_is_of_another_type[path] if {
	some path, value in {
		"subject": "alice",
		"subject/id": ["alice@acme"],
		"subject/properties/issuer": 7,
		"subject/properties/roles": "analyst",
		"subject/properties/team": null,
		"subject/properties/organization": false,
		"resource/id": null,
	}
	not scope.known with input as json.patch(_call, [{"op": "replace", "path": path, "value": value}])
}

test_unknown_with_a_role_that_is_none if {
	not scope.known with input as json.patch(_call, [{"op": "add", "path": "subject/properties/roles/-", "value": 7}])
}
