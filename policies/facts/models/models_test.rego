package facts.models_test

import data.facts.models

_house := {
	"roles": {"analyst": {"models": ["demo-*", "gpt-4*"]}, "engineer": {"models": ["*"]}},
	"teams": {"sales": {"labels": [], "models": ["crm-?"]}},
	"teamless": {"labels": []},
	"subjects": {"batch": {"issuer": "https://idp.example", "models": ["embed-small"]}},
}

_asks(model, properties) := {
	"subject": {"id": "batch", "properties": object.union({"issuer": "https://idp.example"}, properties)},
	"resource": {"type": "model", "id": model},
}

test_granted[model] if {
	some [model, properties] in [
		["demo-small", {"roles": ["analyst"]}],
		["DEMO-Small", {"roles": ["Analyst"]}],
		["gpt-4.1", {"roles": ["analyst"]}], # `*` spans the dot
		["gpt-4/turbo", {"roles": ["analyst"]}], # and the slash
		["meta/llama-3.3", {"roles": ["engineer"]}],
		["crm-7", {"team": "sales"}],
		["embed-small", {}],
	]
	models.granted == true with input as _asks(model, properties) with data.regent as _house
}

test_not_granted[model] if {
	some [model, properties] in [
		["gpt-5", {"roles": ["analyst"]}],
		["xdemo-small", {"roles": ["analyst"]}],
		["crm-77", {"team": "sales"}],
		["demo-small", {"team": "sales", "roles": ["*", "demo-*", "analyst "]}], # names that look like globs
		["demo-small", {"team": "unknown"}],
		["embed-small", {"issuer": "https://evil.example"}],
	]
	models.granted == false with input as _asks(model, properties) with data.regent as _house
}

test_absent_model_is_not_granted if {
	models.granted == false with input as {"subject": {"properties": {"roles": ["engineer"]}}} with data.regent as _house
	models.granted == false with input as {} with data.regent as _house
}

test_model_of_another_type_is_not_granted if {
	models.granted == false with input as _asks(["demo-small"], {"roles": ["engineer"]}) with data.regent as _house
}

test_globs_of_nobody_are_none if {
	models.globs == set() with input as {} with data.regent as _house
}
