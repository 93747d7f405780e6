package rules.catalogue.routes.residency_test

import data.rules.catalogue.routes.residency

_hr := {"id": "residency.hr_onprem", "user": "HR data stays on-prem.", "admin": "Label hr.", "controls": ["GDPR-44"]}

_house := {
	"teams": {"hr": {"labels": ["hr"]}, "eng": {"labels": []}, "typo": {"labels": ["h-r"]}, "broken": {}},
	"teamless": {"labels": []},
	"residency": {"hr": {"zones": ["onprem"], "reason": _hr}},
}

_cloud := {"id": "echo-cloud", "zone": "cloud", "region": "eu", "provider": "echo"}

_onprem := {"id": "echo-onprem", "zone": "onprem", "region": "fra1", "provider": "echo"}

_asks(team, deployments) := {
	"subject": {"properties": {"team": team}},
	"resource": {"properties": {"deployments": deployments}},
}

_ids := {reason.id | some reason in residency.deny}

test_permits_by_the_labels_of_the_team[note] if {
	some note, [team, permitted] in {
		"limited": ["hr", {"echo-onprem"}],
		"in any case": ["HR", {"echo-onprem"}],
		"without labels": ["eng", {"echo-cloud", "echo-onprem"}],
	}
	residency.permitted == permitted with input as _asks(team, [_cloud, _onprem]) with data.regent as _house
	residency.deny == set() with input as _asks(team, [_cloud, _onprem]) with data.regent as _house
}

test_what_a_call_declares_is_not_asked if {
	question := object.union(_asks("eng", [_cloud]), {"context": {"content": {"labels": ["hr"]}}})
	residency.permitted == {"echo-cloud"} with input as question with data.regent as _house
}

test_denies_when_nothing_remains if {
	residency.deny == {_hr} with input as _asks("hr", [_cloud]) with data.regent as _house
	residency.permitted == set() with input as _asks("hr", [_cloud]) with data.regent as _house
}

test_denies_an_unknown_label_or_team[team] if {
	some team, id in {
		"typo": "residency.unknown_label",
		"h-r": "residency.unknown_team",
		"broken": "residency.unknown_team",
		"hr ": "residency.unknown_team",
	}
	_ids == {id} with input as _asks(team, [_onprem]) with data.regent as _house
	residency.permitted == set() with input as _asks(team, [_onprem]) with data.regent as _house
}

test_permits_nothing_where_facts_are_absent[path] if {
	some path in ["subject", "resource", "resource/properties/deployments"]
	question := json.remove(_asks("hr", [_onprem]), [path])
	residency.permitted == set() with input as question with data.regent as _house
}

test_permits_nothing_of_wrong_types if {
	residency.permitted == set() with input as _asks("hr", "onprem") with data.regent as _house
	residency.permitted == set() with input as _asks(7, [_onprem]) with data.regent as _house
	residency.permitted == set() with input as _asks("hr", [{"id": "echo"}, {"zone": "onprem"}]) with data.regent as _house
}
