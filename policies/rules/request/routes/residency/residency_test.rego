package rules.request.routes.residency_test

import data.rules.request.routes.residency

_hr := {"id": "residency.hr_onprem", "user": "HR data stays on-prem.", "admin": "Label hr.", "controls": ["GDPR-44"]}

_eu := {"id": "residency.eu_only", "user": "Stays in the EU.", "admin": "Label eu.", "controls": ["GDPR-44"]}

_house := {
	"teams": {"hr": {"labels": ["hr"]}, "eng": {"labels": []}, "typo": {"labels": ["h-r"]}, "broken": {}},
	"teamless": {"labels": []},
	"residency": {
		"hr": {"zones": ["onprem"], "reason": _hr},
		"eu": {"zones": ["eu-cloud", "onprem"], "reason": _eu},
		"lost": {"zones": []},
	},
}

_cloud := {"id": "echo-cloud", "zone": "cloud", "region": "eu", "provider": "echo"}

_europe := {"id": "echo-europe", "zone": "eu-cloud", "region": "eu", "provider": "echo"}

_onprem := {"id": "echo-onprem", "zone": "onprem", "region": "fra1", "provider": "echo"}

_call(team, declared, deployments) := {
	"subject": {"properties": {"team": team}},
	"resource": {"properties": {"deployments": deployments}},
	"context": {"content": {"labels": declared}},
}

_ids := {reason.id | some reason in residency.deny}

test_permits[note] if {
	some note, [question, permitted] in {
		"hr on-prem only": [_call("hr", [], [_cloud, _onprem]), {"echo-onprem"}],
		"hr in any case": [_call("HR", [], [_cloud, _onprem]), {"echo-onprem"}],
		"declared hr": [_call("eng", ["HR"], [_cloud, _onprem]), {"echo-onprem"}],
		"zones of every label": [_call("hr", ["eu"], [_cloud, _europe, _onprem]), {"echo-onprem"}],
		"one label, two zones": [_call("eng", ["eu"], [_cloud, _europe, _onprem]), {"echo-europe", "echo-onprem"}],
		"no label, no limit": [_call("eng", [], [_cloud, _onprem]), {"echo-cloud", "echo-onprem"}],
	}
	residency.permitted == permitted with input as question with data.regent as _house
	residency.deny == set() with input as question with data.regent as _house
}

test_denies_when_nothing_remains if {
	residency.deny == {_hr} with input as _call("hr", [], [_cloud]) with data.regent as _house
	residency.permitted == set() with input as _call("hr", [], [_cloud]) with data.regent as _house
}

test_denies_for_every_label_in_the_way if {
	residency.deny == {_hr, _eu} with input as _call("hr", ["eu"], [_cloud]) with data.regent as _house
	residency.deny == {_hr} with input as _call("hr", ["eu"], [_europe]) with data.regent as _house
}

test_denies_an_unknown_label if {
	_ids == {"residency.unknown_label"} with input as _call("eng", ["secret"], [_onprem]) with data.regent as _house
	_ids == {"residency.unknown_label"} with input as _call("typo", [], [_onprem]) with data.regent as _house
	residency.permitted == set() with input as _call("typo", [], [_onprem]) with data.regent as _house
}

test_denies_an_unknown_team if {
	_ids == {"residency.unknown_team"} with input as _call("h-r", [], [_onprem]) with data.regent as _house
	_ids == {"residency.unknown_team"} with input as _call("broken", [], [_onprem]) with data.regent as _house
	residency.permitted == set() with input as _call("h-r", [], [_onprem]) with data.regent as _house
}

test_permits_nothing_where_content_is_absent if {
	question := json.remove(_call("hr", [], [_onprem]), ["context"])
	residency.permitted == set() with input as question with data.regent as _house
}

test_permits_no_candidate_without_a_zone if {
	unplaced := [{"id": "echo"}, {"id": "null", "zone": null}, {"id": "list", "zone": ["onprem"]}]
	residency.permitted == set() with input as _call("hr", [], unplaced) with data.regent as _house
	residency.deny == {_hr} with input as _call("hr", [], unplaced) with data.regent as _house
}

test_permits_nothing_of_wrong_types if {
	residency.permitted == set() with input as _call("hr", [], "onprem") with data.regent as _house
	residency.permitted == set() with input as _call("hr", "hr", [_onprem]) with data.regent as _house
	residency.permitted == set() with input as _call(7, [], [_onprem]) with data.regent as _house
}

test_permits_no_zone_that_looks_alike[zone] if {
	some zone in ["onprem ", "ONPREM", "on-prem", "onprem,cloud", ""]
	residency.permitted == set() with data.regent as _house
		with input as _call("hr", [], [{"id": "echo", "zone": zone, "region": "eu", "provider": "echo"}])
}

test_permits_nothing_where_data_is_broken if {
	residency.permitted == set() with input as _call("eng", ["lost"], [_onprem]) with data.regent as _house
	residency.permitted == set() with input as _call("hr", [], [_onprem]) with data.regent as {}
}
