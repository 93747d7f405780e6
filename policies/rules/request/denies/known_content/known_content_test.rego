package rules.request.denies.known_content_test

import data.rules.request.denies.known_content

_ids := {reason.id | some reason in known_content.deny}

test_allows_a_list_of_labels[note] if {
	some note, found in {"none": [], "one": ["hr"], "two": ["hr", "draft"]}
	known_content.deny == set() with input as {"context": {"content": {"labels": found}}}
}

test_denies_what_is_absent[note] if {
	some note, question in {
		"everything": {},
		"content": {"context": {"time": "2026-11-20T09:00:00Z"}},
		"labels": {"context": {"content": {"tokens": {"prompt": 7}}}},
	}
	_ids == {"content.unknown"} with input as question
}

test_denies_wrong_types[note] if {
	some note, found in {"text": "hr", "object": {"hr": true}, "numbers": ["hr", 7], "null": null, "nested": [["hr"]]}
	_ids == {"content.unknown"} with input as {"context": {"content": {"labels": found}}}
}

test_denies_content_that_is_false if {
	_ids == {"content.unknown"} with input as {"context": {"content": false}}
}
