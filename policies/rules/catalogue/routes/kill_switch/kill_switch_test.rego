package rules.catalogue.routes.kill_switch_test

import data.rules.catalogue.routes.kill_switch

_killing(table) := {"kill_switch": table}

_question := {
	"subject": {"properties": {"team": "hr"}},
	"resource": {"id": "GPT-5.1", "properties": {"deployments": [
		{"id": "a", "provider": "acme"},
		{"id": "b", "provider": "vllm"},
	]}},
}

_model := {
	"id": "kill_switch.model",
	"user": "This model is out of use.",
	"admin": "A glob under regent.kill_switch.models covers the model.",
	"controls": ["EU-AI-ACT-14"],
}

_team := {
	"id": "kill_switch.team",
	"user": "Your team may use no model at present.",
	"admin": "A glob under regent.kill_switch.teams covers the caller's team.",
	"controls": ["EU-AI-ACT-14"],
}

_provider := {
	"id": "kill_switch.provider",
	"user": "Whoever serves this model is out of use.",
	"admin": "Globs under regent.kill_switch.providers cover the provider of every candidate.",
	"controls": ["EU-AI-ACT-14"],
}

test_says_what_is_out_of_use[note] if {
	some note, [table, reasons, permitted] in {
		"nothing": [{}, set(), {"a", "b"}],
		"the model": [{"models": ["gpt-5*"]}, {_model}, {"a", "b"}],
		"the team": [{"teams": ["hr"]}, {_team}, {"a", "b"}],
		"a provider": [{"providers": ["acme"]}, set(), {"b"}],
		"every provider": [{"providers": ["*"]}, {_provider}, set()],
		"everything": [{"models": ["*"], "teams": ["*"], "providers": ["*"]}, {_model, _team, _provider}, set()],
	}
	kill_switch.deny == reasons with input as _question with data.regent as _killing(table)
	kill_switch.permitted == permitted with input as _question with data.regent as _killing(table)
}

test_without_data_every_known_deployment_is_permitted if {
	kill_switch.permitted == {"a", "b"} with input as _question with data.regent as {}
	kill_switch.deny == set() with input as _question with data.regent as {}
}

test_what_is_absent_is_not_permitted[path] if {
	some path in ["resource", "resource/properties", "resource/properties/deployments"]
	kill_switch.permitted == set() with input as json.remove(_question, [path]) with data.regent as {}
}

test_what_is_absent_or_of_another_type_may_be_out_of_use[note] if {
	some note, question in {
		"absent": json.remove(_question, ["resource/id"]),
		"another type": object.union(_question, {"resource": {"id": ["gpt-4"]}}),
	}
	kill_switch.deny == {_model} with input as question with data.regent as _killing({"models": ["gpt-5*"]})
}

test_names_that_look_like_globs_kill_nothing_more if {
	question := object.union(_question, {"resource": {"id": "*"}})
	kill_switch.deny == set() with input as question with data.regent as _killing({"models": ["gpt-5*"]})
}

test_no_exception_lifts_it if {
	kill_switch.excusable == false
}
