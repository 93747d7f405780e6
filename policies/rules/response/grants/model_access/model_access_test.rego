package rules.response.grants.model_access_test

import data.rules.response.grants.model_access

_house := {"roles": {"analyst": {"models": ["demo-*"]}, "guest": {"models": []}}, "teams": {}, "teamless": {"labels": []}}

_asks(action, type, id, roles) := {
	"subject": {"id": "alice", "properties": {"issuer": "https://idp.example", "roles": roles}},
	"action": {"name": action, "properties": {}},
	"resource": {"type": type, "id": id, "properties": {}},
}

test_allows_a_granted_model if {
	model_access.allow == true with data.regent as _house
		with input as _asks("chat.completions", "model", "demo-small", ["analyst"])
}

test_denies[note] if {
	some note, question in {
		"another model": _asks("chat.completions", "model", "gpt-5", ["analyst"]),
		"no role": _asks("chat.completions", "model", "demo-small", []),
		"listing is decided at admission": _asks("models.list", "catalogue", "models", ["analyst"]),
		"another action": _asks("images.generate", "model", "demo-small", ["analyst"]),
		"a catalogue instead of a model": _asks("chat.completions", "catalogue", "demo-small", ["analyst"]),
		"a model instead of the catalogue": _asks("models.list", "model", "demo-small", ["analyst"]),
		"action in another case": _asks("Chat.Completions", "model", "demo-small", ["analyst"]),
	}
	model_access.allow == false with input as question with data.regent as _house
}

test_denies_what_is_absent[path] if {
	some path in ["action", "resource", "subject", "subject/properties/roles", "resource/id", "resource/type"]
	whole := _asks("chat.completions", "model", "demo-small", ["analyst"])
	model_access.allow == false with input as json.remove(whole, [path]) with data.regent as _house
}

test_denies_wrong_types if {
	model_access.allow == false with input as _asks("chat.completions", "model", 7, ["analyst"]) with data.regent as _house
	model_access.allow == false with data.regent as _house
		with input as _asks("chat.completions", "model", "demo-small", {"analyst": true})
}
