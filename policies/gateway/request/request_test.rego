package gateway.request_test

import data.gateway.request

_required := {
	"grants": ["model_access"],
	"denies": ["known_candidates", "known_content", "known_question"],
	"routes": ["residency"],
	"obligations": ["clamp", "retain"],
}

_hr := {"id": "residency.hr_onprem", "user": "HR data stays on-prem.", "admin": "Label hr.", "controls": ["GDPR-44"]}

_house := {
	"required": {"request": _required},
	"roles": {"analyst": {"models": ["demo-*"], "max_tokens": 4096}},
	"teams": {"hr": {"labels": ["hr"]}, "eng": {"labels": []}},
	"teamless": {"labels": []},
	"models": {},
	"residency": {"hr": {"zones": ["onprem"], "reason": _hr}},
	"retention": {"payload": "digest", "days": 400},
}

_cloud := {"id": "echo-cloud", "zone": "cloud"}

_onprem := {"id": "echo-onprem", "zone": "onprem"}

_asks(team, deployments) := {
	"version": 1,
	"subject": {
		"type": "user",
		"id": "alice",
		"properties": {"issuer": "https://idp.example", "roles": ["analyst"], "team": team},
	},
	"action": {"name": "chat.completions", "properties": {}},
	"resource": {"type": "model", "id": "demo-small", "properties": {"deployments": deployments}},
	"context": {"content": {"labels": []}},
}

_ids := [reason.id | some reason in request.decision.reasons]

_allowed(deployments) := {
	"allow": true,
	"reasons": [],
	"obligations": [
		{"kind": "route", "deployments": deployments, "strategy": "ordered"},
		{"kind": "retain", "payload": "digest", "days": 400},
		{"kind": "clamp", "max_tokens": 4096},
	],
	"advice": [],
}

test_allows_in_the_order_of_the_candidates[note] if {
	some note, [question, deployments] in {
		"hr": [_asks("hr", [_cloud, _onprem]), ["echo-onprem"]],
		"eng": [_asks("eng", [_cloud, _onprem]), ["echo-cloud", "echo-onprem"]],
		"eng, the other way round": [_asks("eng", [_onprem, _cloud]), ["echo-onprem", "echo-cloud"]],
	}
	request.decision == _allowed(deployments) with input as question with data.regent as _house
}

test_denies_hr_in_the_cloud if {
	denied := {"allow": false, "reasons": [_hr], "obligations": [], "advice": []}
	request.decision == denied with input as _asks("hr", [_cloud]) with data.regent as _house
}

test_denies_without_a_grant if {
	question := object.union(_asks("eng", [_onprem]), {"resource": {"id": "gpt-5"}})
	_ids == ["access.not_granted"] with input as question with data.regent as _house
}

test_denies_what_is_absent[path] if {
	some path, id in {
		"version": "access.unknown_version",
		"subject/properties/roles": "access.not_granted",
		"action": "access.unknown_action",
		"resource/id": "access.not_granted",
		"resource/properties/deployments": "route.unknown_candidates",
		"context": "content.unknown",
		"context/content": "content.unknown",
	}
	question := json.remove(_asks("hr", [_onprem]), [path])
	id in _ids with input as question with data.regent as _house
	request.decision.allow == false with input as question with data.regent as _house
	request.decision.obligations == [] with input as question with data.regent as _house
}

test_denies_wrong_types[note] if {
	some note, question in {"list": [], "text": "chat", "empty": {}, "null": null}
	request.decision.allow == false with input as question with data.regent as _house
	count(_ids) > 0 with input as question with data.regent as _house
}

test_denies_an_empty_route_with_a_reason if {
	# The label's own reason is broken, so it cannot be given; the call is refused all the same.
	house := object.union(_house, {"residency": {"hr": {"zones": ["onprem"], "reason": {"id": 0, "user": 0}}}})
	broken := json.remove(house, ["residency/hr/reason/controls"])
	_ids == ["route.none_permitted"] with input as _asks("hr", [_cloud]) with data.regent as broken
}

test_denies_when_a_duty_cannot_be_stated if {
	house := json.remove(_house, ["retention"])
	_ids == ["retention.undefined"] with input as _asks("hr", [_onprem]) with data.regent as house
}

test_denies_when_a_required_rule_is_missing[kind] if {
	some kind in ["grants", "denies", "routes", "obligations"]
	more := object.union(_required, {kind: ["not_shipped"]})
	house := object.union(_house, {"required": {"request": more}})
	_ids == ["policy.incomplete"] with input as _asks("hr", [_onprem]) with data.regent as house
	request.decision.allow == false with input as _asks("hr", [_onprem]) with data.regent as house
}

test_denies_when_the_list_of_required_rules_is_missing[kind] if {
	some kind in ["grants", "denies", "routes", "obligations"]
	house := json.remove(_house, [concat("/", ["required/request", kind])])
	_ids == ["policy.incomplete"] with input as _asks("hr", [_onprem]) with data.regent as house
}

test_denies_one_id_in_two_zones if {
	_ids == ["route.unknown_candidates"] with data.regent as _house
		with input as _asks("hr", [{"id": "echo", "zone": "onprem"}, {"id": "echo", "zone": "cloud"}])
}
