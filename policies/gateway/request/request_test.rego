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
		with input as _asks("hr", [object.union(_onprem, {"id": "echo"}), object.union(_cloud, {"id": "echo"})])
}

# How rules count.

_only(kinds) := object.union({"grants": [], "denies": [], "routes": [], "obligations": []}, kinds)

_loosened(modes) := object.union(_house, {
	"enforcement": modes,
	"required": {"request": _only({"grants": ["model_access"]})},
})

test_a_route_that_only_advises_says_by_its_deny_that_nothing_would_be_left[mode] if {
	some mode in ["shadow", "warn"]
	expected := object.union(
		_allowed(["echo-cloud"]),
		{"advice": [{"rule": "residency", "enforcement": mode, "reason": _hr}]},
	)
	request.decision == expected with input as _asks("hr", [_cloud]) with data.regent as _loosened({"residency": mode})
}

test_a_route_that_only_advises_says_where_it_would_have_gone if {
	route := {"kind": "route", "deployments": ["echo-onprem"], "strategy": "ordered"}
	expected := object.union(
		_allowed(["echo-cloud", "echo-onprem"]),
		{"advice": [{"rule": "residency", "enforcement": "shadow", "obligation": route}]},
	)
	request.decision == expected with input as _asks("hr", [_cloud, _onprem])
		with data.regent as _loosened({"residency": "shadow"})
}

test_a_route_that_only_advises_and_agrees_says_nothing if {
	request.decision == _allowed(["echo-onprem"]) with input as _asks("hr", [_onprem])
		with data.regent as _loosened({"residency": "warn"})
}

test_an_obligation_that_only_advises_obliges_nobody if {
	expected := {
		"allow": true,
		"reasons": [],
		"obligations": [
			{"kind": "route", "deployments": ["echo-onprem"], "strategy": "ordered"},
			{"kind": "retain", "payload": "digest", "days": 400},
		],
		"advice": [{"rule": "clamp", "enforcement": "warn", "obligation": {"kind": "clamp", "max_tokens": 4096}}],
	}
	request.decision == expected with input as _asks("eng", [_onprem]) with data.regent as _loosened({"clamp": "warn"})
}

test_an_obligation_that_only_advises_and_cannot_be_stated_says_so if {
	house := json.remove(_loosened({"retain": "warn"}), ["retention"])
	request.decision.allow == true with input as _asks("eng", [_onprem]) with data.regent as house
	[[said.rule, said.reason.id] | some said in request.decision.advice] == [["retain", "retention.undefined"]]
		with input as _asks("eng", [_onprem])
		with data.regent as house
}

test_rules_that_are_off_say_nothing if {
	house := _loosened({"residency": "off", "clamp": "off"})
	expected := json.remove(_allowed(["echo-cloud"]), ["obligations/2"])
	request.decision == expected with input as _asks("hr", [_cloud]) with data.regent as house
}

test_a_refusal_carries_advice_too if {
	question := object.union(_asks("hr", [_cloud]), {"version": 2})
	house := _loosened({"residency": "warn"})
	_ids == ["access.unknown_version"] with input as question with data.regent as house
	request.decision.advice == [{"rule": "residency", "enforcement": "warn", "reason": _hr}]
		with input as question
		with data.regent as house
}

test_a_grant_that_only_advises_grants_nothing[mode] if {
	some mode in ["off", "shadow", "warn"]
	house := object.union(_loosened({"model_access": mode}), {"required": {"request": _only({})}})
	_ids == ["access.not_granted"] with input as _asks("eng", [_onprem]) with data.regent as house
}

test_a_required_rule_must_be_enforced[name] if {
	some name in ["model_access", "known_content", "residency", "retain"]
	house := object.union(_house, {"enforcement": {name: "warn"}})
	"policy.incomplete" in _ids with input as _asks("eng", [_onprem]) with data.regent as house
	request.decision.allow == false with input as _asks("eng", [_onprem]) with data.regent as house
}

test_a_mode_that_is_unknown_enforces if {
	request.decision.reasons == [_hr] with input as _asks("hr", [_cloud]) with data.regent as _loosened({"residency": "of"})
}

test_metadata_loosens_a_rule_until_the_data_says_otherwise[note] if {
	some note, [modes, allowed] in {"silent": [{}, true], "enforced": [{"closed": "enforce"}, false]}
	request.decision.allow == allowed with input as _asks("eng", [_onprem])
		with data.regent as _loosened(modes)
		with data.rules.request.denies as {"closed": {"enforcement": "warn", "deny": {_objection}}}
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

_said := {[said.rule, said.reason.id] | some said in request.decision.advice}

test_an_exception_lifts_a_rule_until_it_ends if {
	house := _excepting(_loosened({}), "closed")
	lifted := {["closed", "exception.applied"], ["closed", "house.closed"]}
	_said == lifted with input as _on("2026-12-31") with data.regent as house
		with data.rules.request.denies as {"closed": {"deny": {_objection}}}
	request.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.request.denies as {"closed": {"deny": {_objection}}}
	request.decision.reasons == [_objection] with input as _on("2027-01-01") with data.regent as house
		with data.rules.request.denies as {"closed": {"deny": {_objection}}}
	request.decision.advice == [] with input as _on("2027-01-01") with data.regent as house
		with data.rules.request.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_says_who_answers_for_it if {
	_notice("closed") in request.decision.advice with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.request.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_that_is_not_needed_says_nothing if {
	request.decision.advice == [] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.request.denies as {"closed": {"deny": set()}}
}

test_an_exception_lifts_a_required_rule_only_if_it_may[note] if {
	some note, [said, allowed] in {
		"nothing said": [{}, false],
		"excusable": [{"excusable": true}, true],
		"not excusable": [{"excusable": false}, false],
		"another word": [{"excusable": "yes"}, false],
	}
	house := object.union(_excepting(_house, "closed"), {"required": {"request": {"denies": ["closed"]}}})
	request.decision.allow == allowed with input as _on("2026-12-31") with data.regent as house
		with data.rules.request.denies as {"closed": object.union(said, {"deny": {_objection}})}
}

test_an_exception_never_lifts_what_is_inexcusable if {
	request.decision.reasons == [_objection] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.request.denies as {"closed": {"deny": {_objection}, "excusable": false}}
}

test_an_exception_takes_no_rule_out_of_the_shadow if {
	house := _excepting(_loosened({"closed": "shadow"}), "closed")
	advice := [{"rule": "closed", "enforcement": "shadow", "reason": _objection}]
	request.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.request.denies as {"closed": {"deny": {_objection}}}
	advice[0] in request.decision.advice with input as _on("2026-12-31") with data.regent as house
		with data.rules.request.denies as {"closed": {"deny": {_objection}}}
}
