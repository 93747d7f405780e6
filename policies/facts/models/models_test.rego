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

# Grants by rows of their own.

_granting(row) := {"grants": {"contractors": object.union({"models": ["gpt-5*"]}, row)}, "teamless": {"labels": []}}

_contractor := {"organization": "Initech", "roles": ["Analyst"], "team": "north"}

_on(day, model) := object.union(_asks(model, _contractor), {"context": {"time": concat("", [day, "T12:00:00Z"])}})

test_a_row_grants[note] if {
	some note, row in {
		"by organisation": {"organizations": ["initech"]},
		"by a glob of organisations": {"organizations": ["ini*"]},
		"by role": {"roles": ["analyst"]},
		"by team": {"teams": ["north"]},
		"to a user": {"subjects": ["bat*"], "issuer": "https://idp.example"},
		"by all that is given": {"organizations": ["initech"], "roles": ["analyst"], "teams": ["*"]},
		"from a day on": {"organizations": ["initech"], "from": "2026-11-20"},
		"until another": {"organizations": ["initech"], "until": "2026-11-21"},
		"to the second": {"organizations": ["initech"], "from": "2026-11-20T12:00:00Z", "until": "2026-11-20T12:00:01Z"},
	}
	models.granted == true with input as _on("2026-11-20", "GPT-5.1") with data.regent as _granting(row)
}

test_a_row_grants_nothing[note] if {
	some note, row in {
		"to nobody": {},
		"to an empty list": {"roles": []},
		"to others": {"organizations": ["acme"]},
		"to whom not all fits": {"organizations": ["initech"], "roles": ["engineer"]},
		"to a user of another issuer": {"subjects": ["batch"], "issuer": "https://evil.example"},
		"to a user of no issuer": {"subjects": ["batch"]},
		"before its time": {"organizations": ["initech"], "from": "2026-11-21"},
		"after its time": {"organizations": ["initech"], "until": "2026-11-20"},
		"at its very end": {"organizations": ["initech"], "until": "2026-11-20T12:00:00Z"},
		"with a malformed beginning": {"organizations": ["initech"], "from": "soon"},
		"with a malformed end": {"organizations": ["initech"], "until": "2026-12-31T18:00:00"},
		"with an end that is none": {"organizations": ["initech"], "until": null},
		"of other models": {"organizations": ["initech"], "models": ["gpt-4*"]},
		"of models that are no list": {"organizations": ["initech"], "models": "*"},
	}
	models.granted == false with input as _on("2026-11-20", "GPT-5.1") with data.regent as _granting(row)
}

test_a_row_with_dates_grants_nothing_where_the_time_is_absent if {
	row := {"organizations": ["initech"], "until": "2099-01-01"}
	models.granted == false with input as _asks("gpt-5", _contractor) with data.regent as _granting(row)
}
