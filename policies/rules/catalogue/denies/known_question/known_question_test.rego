package rules.catalogue.denies.known_question_test

import data.rules.catalogue.denies.known_question

_ids := {reason.id | some reason in known_question.deny}

test_allows_known_actions[name] if {
	some name in ["chat.completions"]
	known_question.deny == set() with input as {"version": 1, "action": {"name": name}}
}

test_denies_an_unknown_action[name] if {
	some name in ["images.generate", "models.list"]
	_ids == {"access.unknown_action"} with input as {"version": 1, "action": {"name": name}}
}

test_denies_another_version[note] if {
	some note, version in {"next": 2, "text": "1", "list": [1], "null": null, "fraction": 1.5}
	_ids == {"access.unknown_version"} with input as {"version": version, "action": {"name": "chat.completions"}}
}

test_denies_what_is_absent if {
	_ids == {"access.unknown_action", "access.unknown_version"} with input as {}
	_ids == {"access.unknown_action"} with input as {"version": 1}
	_ids == {"access.unknown_version"} with input as {"action": {"name": "chat.completions"}}
}

test_denies_wrong_types if {
	_ids == {"access.unknown_action"} with input as {"version": 1, "action": {"name": ["chat.completions"]}}
	_ids == {"access.unknown_action"} with input as {"version": 1, "action": "chat.completions"}
}

test_denies_names_that_look_alike[name] if {
	some name in ["chat.completions ", "Chat.Completions", "chat.completions\u0000", "chat", ""]
	_ids == {"access.unknown_action"} with input as {"version": 1, "action": {"name": name}}
}
