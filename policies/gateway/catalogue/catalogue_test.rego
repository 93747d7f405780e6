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
	_ids == ["route.unknown_candidates"] with input as _asks("eng", []) with data.regent as _house
}

test_hides_a_model_for_which_the_routes_have_nothing_in_common if {
	house := object.union(_house, {"kill_switch": {"providers": ["evil"]}})
	question := _asks("hr", [object.union(_onprem, {"provider": "evil"}), _cloud])
	_ids == ["route.none_permitted"] with input as question with data.regent as house
}

test_denies_what_is_absent[path] if {
	some path, id in {
		"version": "access.unknown_version",
		"subject": "residency.unknown_team",
		"subject/properties/roles": "access.not_granted",
		"action": "access.unknown_action",
		"resource/id": "access.not_granted",
		"resource/properties/deployments": "route.unknown_candidates",
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

test_metadata_loosens_a_rule_until_the_data_says_otherwise[note] if {
	some note, [modes, allowed] in {"silent": [{}, true], "enforced": [{"closed": "enforce"}, false]}
	catalogue.decision.allow == allowed with input as _asks("eng", [_onprem])
		with data.regent as _loosened(modes)
		with data.rules.catalogue.denies as {"closed": {"enforcement": "warn", "deny": {_objection}}}
}

# Exceptions.

_excepting(house, rule) := object.union(house, {"exceptions": {"for-a-while": {
	"rule": rule,
	"roles": ["analyst"],
	"until": "2027-01-01",
	"owner": "jane@acme",
	"ticket": "T-1",
	"reason": "Because.",
}}})

_notice(rule) := {"rule": rule, "enforcement": "warn", "reason": {
	"id": "exception.applied",
	"user": "An exception that will end applies to this call.",
	"admin": sprintf("for-a-while: jane@acme lifts %s until 2027-01-01 (T-1).", [rule]),
	"controls": [],
}}

_objection := {"id": "house.closed", "user": "No.", "admin": "Closed.", "controls": []}

_on(day) := object.union(_asks("eng", [_onprem]), {"context": {"time": concat("", [day, "T00:00:00Z"])}})

_said := {[said.rule, said.reason.id] | some said in catalogue.decision.advice}

test_an_exception_lifts_a_rule_until_it_ends if {
	house := _excepting(_loosened({}), "closed")
	lifted := {["closed", "exception.applied"], ["closed", "house.closed"]}
	_said == lifted with input as _on("2026-12-31") with data.regent as house
		with data.rules.catalogue.denies as {"closed": {"deny": {_objection}}}
	catalogue.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.catalogue.denies as {"closed": {"deny": {_objection}}}
	catalogue.decision.reasons == [_objection] with input as _on("2027-01-01") with data.regent as house
		with data.rules.catalogue.denies as {"closed": {"deny": {_objection}}}
	catalogue.decision.advice == [] with input as _on("2027-01-01") with data.regent as house
		with data.rules.catalogue.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_says_who_answers_for_it if {
	_notice("closed") in catalogue.decision.advice with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.catalogue.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_that_is_not_needed_says_nothing if {
	catalogue.decision.advice == [] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.catalogue.denies as {"closed": {"deny": set()}}
}

test_an_exception_lifts_a_required_rule_only_if_it_may[note] if {
	some note, [said, allowed] in {
		"nothing said": [{}, false],
		"excusable": [{"excusable": true}, true],
		"not excusable": [{"excusable": false}, false],
		"another word": [{"excusable": "yes"}, false],
	}
	house := object.union(_excepting(_house, "closed"), {"required": {"catalogue": {"denies": ["closed"]}}})
	catalogue.decision.allow == allowed with input as _on("2026-12-31") with data.regent as house
		with data.rules.catalogue.denies as {"closed": object.union(said, {"deny": {_objection}})}
}

test_an_exception_never_lifts_what_is_inexcusable if {
	catalogue.decision.reasons == [_objection] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.catalogue.denies as {"closed": {"deny": {_objection}, "excusable": false}}
}

test_an_exception_takes_no_rule_out_of_the_shadow if {
	house := _excepting(_loosened({"closed": "shadow"}), "closed")
	advice := [{"rule": "closed", "enforcement": "shadow", "reason": _objection}]
	catalogue.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.catalogue.denies as {"closed": {"deny": {_objection}}}
	advice[0] in catalogue.decision.advice with input as _on("2026-12-31") with data.regent as house
		with data.rules.catalogue.denies as {"closed": {"deny": {_objection}}}
}

# Whatever rules a house adds, and however they count.
test_where_no_rule_is_suspended_there_is_no_advice if {
	catalogue.decision.advice == [] with input as {} with data.regent as {} with data.gateway.catalogue._suspended as {}
}
