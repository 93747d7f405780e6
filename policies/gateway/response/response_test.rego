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
