package gateway.catalogue_test

import data.gateway.catalogue

_hr := {"id": "residency.hr_onprem", "user": "HR data stays on-prem.", "admin": "Label hr.", "controls": ["GDPR-44"]}

_house := {
	"required": {"catalogue": {"grants": ["model_access"], "denies": ["known_question"], "routes": ["residency"]}},
	"roles": {"analyst": {"models": ["demo-*"]}},
	"teams": {"hr": {"labels": ["hr"]}, "eng": {"labels": []}},
	"teamless": {"labels": []},
	"residency": {"hr": {"zones": ["onprem"], "reason": _hr}},
}

_cloud := {"id": "echo-cloud", "zone": "cloud", "region": "eu", "provider": "echo"}

_onprem := {"id": "echo-onprem", "zone": "onprem", "region": "fra1", "provider": "echo"}

_asks(team, deployments) := {
	"version": 1,
	"subject": {
		"type": "user",
		"id": "alice",
		"properties": {"issuer": "https://idp.example", "roles": ["analyst"], "team": team},
	},
	"action": {"name": "chat.completions", "properties": {}},
	"resource": {"type": "model", "id": "demo-small", "properties": {"deployments": deployments}},
	"context": {},
}

_ids := [reason.id | some reason in catalogue.decision.reasons]

_shown(deployments) := {
	"allow": true,
	"reasons": [],
	"obligations": [{"kind": "route", "deployments": deployments, "strategy": "ordered"}],
	"advice": [],
}

test_shows_a_model_that_may_be_used[note] if {
	some note, [question, deployments] in {
		"hr": [_asks("hr", [_cloud, _onprem]), ["echo-onprem"]],
		"eng": [_asks("eng", [_cloud, _onprem]), ["echo-cloud", "echo-onprem"]],
	}
	catalogue.decision == _shown(deployments) with input as question with data.regent as _house
}

test_hides_a_model_that_may_not_be_used if {
	denied := {"allow": false, "reasons": [_hr], "obligations": [], "advice": []}
	catalogue.decision == denied with input as _asks("hr", [_cloud]) with data.regent as _house
}

test_hides_a_model_without_a_grant if {
	question := object.union(_asks("eng", [_onprem]), {"resource": {"id": "gpt-5"}})
	_ids == ["access.not_granted"] with input as question with data.regent as _house
}

test_hides_a_model_without_a_deployment if {
	_ids == ["route.none_permitted"] with input as _asks("eng", []) with data.regent as _house
}

test_denies_what_is_absent[path] if {
	some path, id in {
		"version": "access.unknown_version",
		"subject": "residency.unknown_team",
		"subject/properties/roles": "access.not_granted",
		"action": "access.unknown_action",
		"resource/id": "access.not_granted",
		"resource/properties/deployments": "route.none_permitted",
	}
	question := json.remove(_asks("eng", [_onprem]), [path])
	id in _ids with input as question with data.regent as _house
	catalogue.decision.allow == false with input as question with data.regent as _house
}

test_denies_wrong_types[note] if {
	some note, question in {"list": [], "text": "chat", "empty": {}, "null": null}
	catalogue.decision.allow == false with input as question with data.regent as _house
	count(_ids) > 0 with input as question with data.regent as _house
}

test_denies_when_the_policy_is_incomplete[note] if {
	some note, required in {
		"a grant is missing": {"grants": ["model_access", "x"], "denies": [], "routes": []},
		"a deny is missing": {"grants": [], "denies": ["x"], "routes": []},
		"a route is missing": {"grants": [], "denies": [], "routes": ["x"]},
		"a list is missing": {"grants": [], "denies": []},
		"no list": {},
	}
	house := json.patch(_house, [{"op": "replace", "path": "required/catalogue", "value": required}])
	_ids == ["policy.incomplete"] with input as _asks("eng", [_onprem]) with data.regent as house
}

test_denies_without_any_data if {
	"policy.incomplete" in _ids with input as _asks("eng", [_onprem]) with data.regent as {}
}

# How rules count.

_loosened(modes) := object.union(_house, {
	"enforcement": modes,
	"required": {"catalogue": {"grants": [], "denies": [], "routes": []}},
})

test_a_rule_that_only_advises_hides_nothing[mode] if {
	some mode in ["shadow", "warn"]
	advice := [{"rule": "residency", "enforcement": mode, "reason": _hr}]
	expected := object.union(_shown(["echo-cloud"]), {"advice": advice})
	catalogue.decision == expected with input as _asks("hr", [_cloud]) with data.regent as _loosened({"residency": mode})
}

test_a_rule_that_is_off_says_nothing if {
	house := _loosened({"residency": "off", "known_question": "off"})
	question := object.union(_asks("hr", [_cloud]), {"version": 2})
	catalogue.decision == _shown(["echo-cloud"]) with input as question with data.regent as house
}

test_a_grant_that_only_advises_grants_nothing[mode] if {
	some mode in ["off", "shadow", "warn"]
	house := _loosened({"model_access": mode})
	_ids == ["access.not_granted"] with input as _asks("eng", [_onprem]) with data.regent as house
}

test_a_required_rule_must_be_enforced[name] if {
	some name in ["known_question", "model_access", "residency"]
	house := object.union(_house, {"enforcement": {name: "shadow"}})
	"policy.incomplete" in _ids with input as _asks("eng", [_onprem]) with data.regent as house
	catalogue.decision.allow == false with input as _asks("eng", [_onprem]) with data.regent as house
}
