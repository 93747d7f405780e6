package rules.admin.denies.known_question_test

import data.rules.admin.denies.known_question

_ids := {reason.id | some reason in known_question.deny}

_asks(name) := {"version": 1, "action": {"name": name}, "resource": {"type": "admin"}}

test_allows_known_actions[name] if {
	some name in ["bundle.activate", "bundle.read", "audit.query", "audit.read", "audit.log", "policy.explain", "usage.read", "usage.own", "budget.correct"]
	known_question.deny == set() with input as _asks(name)
}

test_denies_an_unknown_action[name] if {
	some name in ["chat.completions", "models.list", "Bundle.read", "bundle.read ", "bundle.", "bundle.read.all", "usage", "usages.read", "", 7, null]
	_ids == {"access.unknown_action"} with input as _asks(name)
}

test_denies_another_resource[note] if {
	some note, resource in {"model": {"type": "model"}, "none": {}, "text": "admin", "list": {"type": ["admin"]}}
	question := object.union(json.remove(_asks("bundle.read"), ["resource"]), {"resource": resource})
	_ids == {"access.unknown_action"} with input as question
}

test_denies_another_version[note] if {
	some note, version in {"next": 2, "text": "1", "list": [1], "null": null, "fraction": 1.5}
	_ids == {"access.unknown_version"} with input as object.union(_asks("bundle.read"), {"version": version})
}

test_denies_what_is_absent if {
	_ids == {"access.unknown_action", "access.unknown_version"} with input as {}
	_ids == {"access.unknown_action"} with input as {"version": 1}
	_ids == {"access.unknown_version"} with input as json.remove(_asks("bundle.read"), ["version"])
}
