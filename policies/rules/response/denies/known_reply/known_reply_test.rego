package rules.response.denies.known_reply_test

import data.rules.response.denies.known_reply

_question := {
	"version": 1,
	"action": {"name": "chat.completions"},
	"resource": {"properties": {"deployments": [{"id": "a"}, {"id": "b"}], "deployment": "b"}},
	"context": {"reply": {"finish": "stop", "tokens": {"completion": 7}, "findings": []}},
}

_ids := {reason.id | some reason in known_reply.deny}

test_allows_a_known_reply if {
	known_reply.deny == set() with input as _question
}

test_denies_what_is_absent[path] if {
	some path, id in {
		"version": "access.unknown_version",
		"action": "access.unknown_action",
		"action/name": "access.unknown_action",
		"resource": "reply.unknown",
		"resource/properties/deployments": "reply.unknown",
		"resource/properties/deployment": "reply.unknown",
		"context": "reply.unknown",
		"context/reply": "reply.unknown",
		"context/reply/finish": "reply.unknown",
		"context/reply/tokens": "reply.unknown",
		"context/reply/tokens/completion": "reply.unknown",
		"context/reply/findings": "reply.unknown",
	}
	_ids == {id} with input as json.remove(_question, [path])
}

test_denies_wrong_types_and_hostile_values[path] if {
	some path, [value, id] in {
		"version": ["1", "access.unknown_version"],
		"action/name": ["Chat.Completions", "access.unknown_action"],
		"resource/properties/deployment": ["c", "reply.unknown"],
		"resource/properties/deployments": ["b", "reply.unknown"],
		"context/reply": [false, "reply.unknown"],
		"context/reply/finish": [null, "reply.unknown"],
		"context/reply/tokens/completion": ["7", "reply.unknown"],
		"context/reply/findings": [{}, "reply.unknown"],
	}
	_ids == {id} with input as json.patch(_question, [{"op": "replace", "path": path, "value": value}])
}

test_denies_an_empty_question if {
	_ids == {"access.unknown_action", "access.unknown_version", "reply.unknown"} with input as {}
}
