package facts.calls_test

import data.facts.calls

_question := {
	"subject": {"id": "a", "properties": {"issuer": "i", "roles": ["analyst"], "team": "hr"}},
	"resource": {"type": "model", "id": "GPT-5.1"},
}

test_concerns[note] if {
	some note, row in {
		"every call": {},
		"a model": {"models": ["o3", "gpt-5.1"]},
		"a glob that spans the dot": {"models": ["gpt-5*"]},
		"people": {"teams": ["hr"], "roles": ["ana*"]},
		"both": {"models": ["gpt-5*"], "teams": ["hr"]},
	}
	calls.concerns(row) with input as _question
}

test_concerns_not[note] if {
	some note, row in {
		"another model": {"models": ["gpt-4*"]},
		"no model": {"models": []},
		"other people": {"teams": ["eng"]},
		"half": {"models": ["gpt-5*"], "teams": ["eng"]},
		"of another type": {"models": "gpt-5*"},
	}
	not calls.concerns(row) with input as _question
}

test_a_call_for_an_unknown_model_is_for_each[note] if {
	some note, path in {"resource": "resource", "id": "resource/id"}
	calls.concerns({"models": ["gpt-4*"]}) with input as json.remove(_question, [path])
}

test_a_model_of_another_type_is_unknown if {
	calls.concerns({"models": ["gpt-4*"]}) with input as object.union(_question, {"resource": {"id": 7}})
}

test_people_that_are_unknown_are_not_meant if {
	not calls.concerns({"teams": ["hr"]}) with input as {}
}
