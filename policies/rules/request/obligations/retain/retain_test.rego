package rules.request.obligations.retain_test

import data.rules.request.obligations.retain

_ids := {reason.id | some reason in retain.deny}

test_retains_as_the_data_says if {
	house := {"retention": {"payload": "digest", "days": 400}}
	retain.obligation == {{"kind": "retain", "payload": "digest", "days": 400}} with data.regent as house
	retain.deny == set() with data.regent as house
}

test_seals_where_the_data_says_so if {
	house := {"retention": {"payload": "sealed", "days": 30}}
	retain.obligation == {{"kind": "retain", "payload": "sealed", "days": 30}} with data.regent as house
	retain.deny == set() with data.regent as house
}

test_whoever_asks_changes_nothing if {
	house := {"retention": {"payload": "digest", "days": 400}}
	question := {"context": {"content": {"labels": [], "retain": {"days": 1}}}}
	retain.obligation == {{"kind": "retain", "payload": "digest", "days": 400}} with data.regent as house with input as question
}

test_denies_where_the_data_is_silent if {
	_ids == {"retention.undefined"} with data.regent as {}
	_ids == {"retention.undefined"} with data.regent as {"retention": {"days": 400}}
	_ids == {"retention.undefined"} with data.regent as {"retention": {"payload": "digest"}}
}

test_denies_other_words[note] if {
	some note, retention in {
		"everything": {"payload": "full", "days": 400},
		"no days": {"payload": "digest", "days": 0},
		"text": {"payload": "digest", "days": "400"},
		"list": {"payload": ["digest"], "days": 400},
	}
	_ids == {"retention.undefined"} with data.regent as {"retention": retention}
}
