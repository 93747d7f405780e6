package gateway.response_test

import data.gateway.response

_house := {
	"required": {"response": {"grants": ["model_access"], "denies": ["known_reply"], "obligations": []}},
	"roles": {"analyst": {"models": ["demo-*"]}},
	"teams": {},
	"teamless": {"labels": []},
}

_question := {
	"version": 1,
	"subject": {"type": "user", "id": "alice", "properties": {"issuer": "https://idp.example", "roles": ["analyst"]}},
	"action": {"name": "chat.completions", "properties": {}},
	"resource": {"type": "model", "id": "demo-small", "properties": {"deployments": [{"id": "a"}], "deployment": "a"}},
	"context": {"content": {"labels": []}, "reply": {"finish": "stop", "tokens": {"completion": 7}, "findings": []}},
}

_unknown := {
	"id": "reply.unknown",
	"user": "The reply could not be judged.",
	"admin": "context.reply is incomplete, or resource.properties.deployment is none of the candidates.",
	"controls": ["GDPR-32"],
}

_mask := {"kind": "inspect_reply", "entities": ["IBAN_CODE"], "action": "mask"}

_reason := {"id": "reply.sensitive", "user": "No.", "admin": "Because.", "controls": []}

# What an author's own obligation would say.
_oblige := {"mask_reply": {"obligation": {_mask}, "deny": set()}}

_object := {"mask_reply": {"obligation": set(), "deny": {_reason}}}

_ids := [reason.id | some reason in response.decision.reasons]

_allowed := {"allow": true, "reasons": [], "obligations": [], "advice": []}

test_allows_a_known_reply if {
	response.decision == _allowed with input as _question with data.regent as _house
}

test_denies_a_reply_of_somebody_else if {
	question := json.patch(_question, [{"op": "replace", "path": "resource/properties/deployment", "value": "b"}])
	denied := {"allow": false, "reasons": [_unknown], "obligations": [], "advice": []}
	response.decision == denied with input as question with data.regent as _house
}

test_denies_without_a_grant if {
	question := object.union(_question, {"resource": {"id": "gpt-5"}})
	_ids == ["access.not_granted"] with input as question with data.regent as _house
}

test_obligations_oblige if {
	expected := object.union(_allowed, {"obligations": [_mask]})
	response.decision == expected with input as _question
		with data.regent as _house
		with data.rules.response.obligations as _oblige
}

test_an_obligation_that_cannot_be_stated_denies if {
	denied := {"allow": false, "reasons": [_reason], "obligations": [], "advice": []}
	response.decision == denied with input as _question
		with data.regent as _house
		with data.rules.response.obligations as _object
}

test_denies_what_is_absent[path] if {
	some path, id in {
		"version": "access.unknown_version",
		"subject": "access.not_granted",
		"action": "access.unknown_action",
		"resource": "reply.unknown",
		"context": "reply.unknown",
		"context/reply": "reply.unknown",
	}
	question := json.remove(_question, [path])
	id in _ids with input as question with data.regent as _house
	response.decision.allow == false with input as question with data.regent as _house
}

test_denies_wrong_types[note] if {
	some note, question in {"list": [], "text": "chat", "empty": {}, "null": null}
	response.decision.allow == false with input as question with data.regent as _house
	count(_ids) > 0 with input as question with data.regent as _house
}

test_denies_when_the_policy_is_incomplete[note] if {
	some note, required in {
		"a grant is missing": {"grants": ["model_access", "x"], "denies": [], "obligations": []},
		"a deny is missing": {"grants": [], "denies": ["x"], "obligations": []},
		"an obligation is missing": {"grants": [], "denies": [], "obligations": ["x"]},
		"a list is missing": {"grants": [], "denies": []},
		"no list": {},
	}
	house := json.patch(_house, [{"op": "replace", "path": "required/response", "value": required}])
	_ids == ["policy.incomplete"] with input as _question with data.regent as house
}

# How rules count.

_loosened(modes) := object.union(_house, {
	"enforcement": modes,
	"required": {"response": {"grants": [], "denies": []}},
})

test_a_rule_that_only_advises_allows_and_says_so[mode] if {
	some mode in ["shadow", "warn"]
	question := json.remove(_question, ["context/reply"])
	expected := object.union(_allowed, {"advice": [{"rule": "known_reply", "enforcement": mode, "reason": _unknown}]})
	response.decision == expected with input as question with data.regent as _loosened({"known_reply": mode})
}

test_an_obligation_that_only_advises_obliges_nobody[note] if {
	some note, [rule, said] in {"obliges": [_oblige, {"obligation": _mask}], "objects": [_object, {"reason": _reason}]}
	advice := object.union({"rule": "mask_reply", "enforcement": "shadow"}, said)
	response.decision == object.union(_allowed, {"advice": [advice]}) with input as _question
		with data.regent as _loosened({"mask_reply": "shadow"})
		with data.rules.response.obligations as rule
}

test_rules_that_are_off_say_nothing if {
	question := json.remove(_question, ["context/reply"])
	response.decision == _allowed with input as question
		with data.regent as _loosened({"known_reply": "off", "mask_reply": "off"})
		with data.rules.response.obligations as object.union(_oblige, _object)
}

test_a_grant_that_only_advises_grants_nothing[mode] if {
	some mode in ["off", "shadow", "warn"]
	_ids == ["access.not_granted"] with input as _question with data.regent as _loosened({"model_access": mode})
}

test_a_required_rule_must_be_enforced[name] if {
	some name in ["known_reply", "model_access"]
	house := object.union(_house, {"enforcement": {name: "warn"}})
	"policy.incomplete" in _ids with input as _question with data.regent as house
	response.decision.allow == false with input as _question with data.regent as house
}

test_metadata_loosens_a_rule_until_the_data_says_otherwise[note] if {
	some note, [modes, allowed] in {"silent": [{}, true], "enforced": [{"closed": "enforce"}, false]}
	response.decision.allow == allowed with input as _question
		with data.regent as _loosened(modes)
		with data.rules.response.denies as {"closed": {"enforcement": "warn", "deny": {_objection}}}
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

_said := {[said.rule, said.reason.id] | some said in response.decision.advice}

test_an_exception_lifts_a_rule_until_it_ends if {
	house := _excepting(_loosened({}), "closed")
	lifted := {["closed", "exception.applied"], ["closed", "house.closed"]}
	_said == lifted with input as _on("2026-12-31") with data.regent as house
		with data.rules.response.denies as {"closed": {"deny": {_objection}}}
	response.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.response.denies as {"closed": {"deny": {_objection}}}
	response.decision.reasons == [_objection] with input as _on("2027-01-01") with data.regent as house
		with data.rules.response.denies as {"closed": {"deny": {_objection}}}
	response.decision.advice == [] with input as _on("2027-01-01") with data.regent as house
		with data.rules.response.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_says_who_answers_for_it if {
	_notice("closed") in response.decision.advice with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.response.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_that_is_not_needed_says_nothing if {
	response.decision.advice == [] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.response.denies as {"closed": {"deny": set()}}
}

test_an_exception_lifts_a_required_rule_only_if_it_may[note] if {
	some note, [said, allowed] in {
		"nothing said": [{}, false],
		"excusable": [{"excusable": true}, true],
		"not excusable": [{"excusable": false}, false],
		"another word": [{"excusable": "yes"}, false],
	}
	house := object.union(_excepting(_house, "closed"), {"required": {"response": {"denies": ["closed"]}}})
	response.decision.allow == allowed with input as _on("2026-12-31") with data.regent as house
		with data.rules.response.denies as {"closed": object.union(said, {"deny": {_objection}})}
}

test_an_exception_never_lifts_what_is_inexcusable if {
	response.decision.reasons == [_objection] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.response.denies as {"closed": {"deny": {_objection}, "excusable": false}}
}

test_an_exception_takes_no_rule_out_of_the_shadow if {
	house := _excepting(_loosened({"closed": "shadow"}), "closed")
	advice := [{"rule": "closed", "enforcement": "shadow", "reason": _objection}]
	response.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.response.denies as {"closed": {"deny": {_objection}}}
	advice[0] in response.decision.advice with input as _on("2026-12-31") with data.regent as house
		with data.rules.response.denies as {"closed": {"deny": {_objection}}}
}

# Whatever rules a house adds, and however they count.
test_where_no_rule_is_suspended_there_is_no_advice if {
	response.decision.advice == [] with input as {} with data.regent as {} with data.gateway.response._suspended as {}
}
