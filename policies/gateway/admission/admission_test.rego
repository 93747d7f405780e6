package gateway.admission_test

import data.gateway.admission

_house := {
	"required": {"admission": {"grants": ["model_access"], "denies": ["known_question"]}},
	"roles": {"analyst": {"models": ["demo-*"]}},
	"teams": {},
	"teamless": {"labels": []},
}

_question := {
	"version": 1,
	"subject": {"type": "user", "id": "alice", "properties": {"issuer": "https://idp.example", "roles": ["analyst"]}},
	"action": {"name": "chat.completions", "properties": {}},
	"resource": {"type": "model", "id": "demo-small", "properties": {"deployments": []}},
	"context": {},
}

_ids := [reason.id | some reason in admission.decision.reasons]

test_allows_without_obligations if {
	allowed := {"allow": true, "reasons": [], "obligations": [], "advice": []}
	admission.decision == allowed with input as _question with data.regent as _house
}

test_denies_without_a_grant if {
	question := object.union(_question, {"resource": {"id": "gpt-5"}})
	denied := {
		"allow": false,
		"reasons": [{
			"id": "access.not_granted",
			"user": "Neither your roles nor your team may do this.",
			"admin": "No grant covers the subject, the action and the resource.",
			"controls": ["GDPR-32"],
		}],
		"obligations": [],
		"advice": [],
	}
	admission.decision == denied with input as question with data.regent as _house
}

test_denies_an_empty_question_with_sorted_reasons if {
	ids := ["access.not_granted", "access.unknown_action", "access.unknown_version"]
	_ids == ids with input as {} with data.regent as _house
	admission.decision.allow == false with input as {} with data.regent as _house
}

test_denies_wrong_types if {
	admission.decision.allow == false with input as [] with data.regent as _house
	admission.decision.allow == false with input as "chat.completions" with data.regent as _house
}

test_a_grant_cannot_outweigh_a_deny if {
	question := object.union(_question, {"version": 2})
	_ids == ["access.unknown_version"] with input as question with data.regent as _house
	admission.decision.allow == false with input as question with data.regent as _house
}

test_denies_when_a_required_rule_is_missing[note] if {
	some note, required in {
		"a grant": {"grants": ["model_access", "contract"], "denies": ["known_question"]},
		"a deny": {"grants": ["model_access"], "denies": ["known_question", "kill_switch"]},
		"list of grants": {"denies": ["known_question"]},
		"list of denies": {"grants": ["model_access"]},
		"both lists": {},
		"not a list": {"grants": ["model_access"], "denies": 7},
	}
	house := json.patch(_house, [{"op": "replace", "path": "required/admission", "value": required}])
	_ids == ["policy.incomplete"] with input as _question with data.regent as house
	admission.decision.allow == false with input as _question with data.regent as house
}

test_denies_without_any_data if {
	_ids == ["access.not_granted", "policy.incomplete"] with input as _question with data.regent as {}
}

# How rules count.

_loosened(modes) := object.union(_house, {
	"enforcement": modes,
	"required": {"admission": {"grants": ["model_access"], "denies": []}},
})

_version := {
	"id": "access.unknown_version",
	"user": "The gateway and its policy do not fit together.",
	"admin": "The question's version is not 1; activate a bundle written for this gateway.",
	"controls": ["GDPR-32"],
}

test_a_rule_that_only_advises_allows_and_says_so[mode] if {
	some mode in ["shadow", "warn"]
	expected := {
		"allow": true,
		"reasons": [],
		"obligations": [],
		"advice": [{"rule": "known_question", "enforcement": mode, "reason": _version}],
	}
	question := object.union(_question, {"version": 2})
	admission.decision == expected with input as question with data.regent as _loosened({"known_question": mode})
}

test_a_rule_that_is_off_says_nothing if {
	question := object.union(_question, {"version": 2})
	expected := {"allow": true, "reasons": [], "obligations": [], "advice": []}
	admission.decision == expected with input as question with data.regent as _loosened({"known_question": "off"})
}

test_a_mode_that_is_unknown_enforces if {
	question := object.union(_question, {"version": 2})
	house := _loosened({"known_question": "wran"})
	_ids == ["access.unknown_version"] with input as question with data.regent as house
	admission.decision.advice == [] with input as question with data.regent as house
}

test_a_grant_that_only_advises_grants_nothing[mode] if {
	some mode in ["off", "shadow", "warn"]
	house := object.union(_loosened({"model_access": mode}), {"required": {"admission": {"grants": []}}})
	_ids == ["access.not_granted"] with input as _question with data.regent as house
}

test_a_required_rule_must_be_enforced[name] if {
	some name in ["known_question", "model_access"]
	house := object.union(_house, {"enforcement": {name: "warn"}})
	"policy.incomplete" in _ids with input as _question with data.regent as house
	admission.decision.allow == false with input as _question with data.regent as house
}

test_metadata_loosens_a_rule_until_the_data_says_otherwise[note] if {
	some note, [modes, allowed] in {"silent": [{}, true], "enforced": [{"closed": "enforce"}, false]}
	admission.decision.allow == allowed with input as _question
		with data.regent as _loosened(modes)
		with data.rules.admission.denies as {"closed": {"enforcement": "warn", "deny": {_objection}}}
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

_on(day) := object.union(_question, {"context": {"time": concat("", [day, "T00:00:00Z"])}})

_said := {[said.rule, said.reason.id] | some said in admission.decision.advice}

test_an_exception_lifts_a_rule_until_it_ends if {
	house := _excepting(_loosened({}), "closed")
	lifted := {["closed", "exception.applied"], ["closed", "house.closed"]}
	_said == lifted with input as _on("2026-12-31") with data.regent as house
		with data.rules.admission.denies as {"closed": {"deny": {_objection}}}
	admission.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.admission.denies as {"closed": {"deny": {_objection}}}
	admission.decision.reasons == [_objection] with input as _on("2027-01-01") with data.regent as house
		with data.rules.admission.denies as {"closed": {"deny": {_objection}}}
	admission.decision.advice == [] with input as _on("2027-01-01") with data.regent as house
		with data.rules.admission.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_says_who_answers_for_it if {
	_notice("closed") in admission.decision.advice with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.admission.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_that_is_not_needed_says_nothing if {
	admission.decision.advice == [] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.admission.denies as {"closed": {"deny": set()}}
}

test_an_exception_lifts_a_required_rule_only_if_it_may[note] if {
	some note, [said, allowed] in {
		"nothing said": [{}, false],
		"excusable": [{"excusable": true}, true],
		"not excusable": [{"excusable": false}, false],
		"another word": [{"excusable": "yes"}, false],
	}
	house := object.union(_excepting(_house, "closed"), {"required": {"admission": {"denies": ["closed"]}}})
	admission.decision.allow == allowed with input as _on("2026-12-31") with data.regent as house
		with data.rules.admission.denies as {"closed": object.union(said, {"deny": {_objection}})}
}

test_an_exception_never_lifts_what_is_inexcusable if {
	admission.decision.reasons == [_objection] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.admission.denies as {"closed": {"deny": {_objection}, "excusable": false}}
}

test_an_exception_takes_no_rule_out_of_the_shadow if {
	house := _excepting(_loosened({"closed": "shadow"}), "closed")
	advice := [{"rule": "closed", "enforcement": "shadow", "reason": _objection}]
	admission.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.admission.denies as {"closed": {"deny": {_objection}}}
	advice[0] in admission.decision.advice with input as _on("2026-12-31") with data.regent as house
		with data.rules.admission.denies as {"closed": {"deny": {_objection}}}
}

# Whatever rules a house adds, and however they count.
test_where_no_rule_is_suspended_there_is_no_advice if {
	admission.decision.advice == [] with input as {} with data.regent as {} with data.gateway.admission._suspended as {}
}
