package rules.catalogue.denies.known_candidates_test

import data.rules.catalogue.denies.known_candidates

_ids := {reason.id | some reason in known_candidates.deny}

_asks(deployments) := {"resource": {"properties": {"deployments": deployments}}}

test_allows_distinct_candidates if {
	known_candidates.deny == set() with input as _asks([{"id": "echo-onprem"}, {"id": "echo-cloud"}])
}

test_denies_no_candidate if {
	_ids == {"route.unknown_candidates"} with input as _asks([])
}

test_denies_what_is_absent if {
	_ids == {"route.unknown_candidates"} with input as {}
	_ids == {"route.unknown_candidates"} with input as {"resource": {"properties": {}}}
	_ids == {"route.unknown_candidates"} with input as _asks([{"zone": "onprem"}])
}

test_denies_wrong_types[note] if {
	some note, deployments in {"text": "echo-onprem", "null": null, "names": ["echo-onprem"], "number": 7}
	_ids == {"route.unknown_candidates"} with input as _asks(deployments)
}

test_denies_one_id_for_two_candidates if {
	_ids == {"route.unknown_candidates"} with input as _asks([
		{"id": "echo", "zone": "onprem"},
		{"id": "echo", "zone": "cloud"},
	])
}
