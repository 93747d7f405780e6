package gateway.admin_test

import data.gateway.admin

_house := {
	"required": {"admin": {"grants": ["administration"], "denies": ["known_question"]}},
	"administration": {
		"administrators": {"actions": ["bundle.*", "policy.*"], "roles": ["regent-admin"]},
		"auditors": {"actions": ["audit.*", "policy.explain"], "teams": ["audit"]},
	},
}

_asks(action, who) := {
	"version": 1,
	"subject": {
		"type": "user",
		"id": "alice",
		"properties": object.union({"issuer": "https://idp.example", "roles": []}, who),
	},
	"action": {"name": action, "properties": {}},
	"resource": {"type": "admin", "id": "bundles", "properties": {}},
	"context": {},
}

_admin := {"roles": ["regent-admin"]}

_ids := [reason.id | some reason in admin.decision.reasons]

_allowed := {"allow": true, "reasons": [], "obligations": [], "advice": []}

test_allows_who_is_named[note] if {
	some note, question in {
		"an administrator": _asks("bundle.activate", _admin),
		"an auditor": _asks("audit.query", {"team": "audit"}),
	}
	admin.decision == _allowed with input as question with data.regent as _house
}

test_denies_who_is_not_named if {
	denied := {
		"allow": false,
		"reasons": [{
			"id": "access.not_granted",
			"user": "You may not administer or audit the gateway in this way.",
			"admin": "No row of regent.administration covers the subject and the action.",
			"controls": ["GDPR-32"],
		}],
		"obligations": [],
		"advice": [],
	}
	admin.decision == denied with input as _asks("audit.query", _admin) with data.regent as _house
}

test_denies_what_is_no_administration if {
	question := _asks("chat.completions", _admin)
	_ids == ["access.not_granted", "access.unknown_action"] with input as question with data.regent as _house
}

test_denies_what_is_absent[path] if {
	some path, id in {
		"version": "access.unknown_version",
		"subject": "access.not_granted",
		"action": "access.unknown_action",
		"resource": "access.unknown_action",
	}
	question := json.remove(_asks("bundle.read", _admin), [path])
	id in _ids with input as question with data.regent as _house
	admin.decision.allow == false with input as question with data.regent as _house
}

test_denies_wrong_types[note] if {
	some note, question in {"list": [], "text": "bundle.read", "empty": {}, "null": null}
	admin.decision.allow == false with input as question with data.regent as _house
	count(_ids) > 0 with input as question with data.regent as _house
}

test_denies_when_the_policy_is_incomplete[note] if {
	some note, required in {
		"a grant is missing": {"grants": ["administration", "x"], "denies": []},
		"a deny is missing": {"grants": [], "denies": ["x"]},
		"a list is missing": {"grants": []},
		"no list": {},
	}
	house := json.patch(_house, [{"op": "replace", "path": "required/admin", "value": required}])
	_ids == ["policy.incomplete"] with input as _asks("bundle.read", _admin) with data.regent as house
}

test_denies_without_any_data if {
	_ids == ["access.not_granted", "policy.incomplete"] with input as _asks("bundle.read", _admin) with data.regent as {}
}

# How rules count.

_loosened(modes) := object.union(_house, {"enforcement": modes, "required": {"admin": {"grants": [], "denies": []}}})

test_a_rule_that_only_advises_allows_and_says_so[mode] if {
	some mode in ["shadow", "warn"]
	question := object.union(_asks("bundle.read", _admin), {"version": 2})
	house := _loosened({"known_question": mode})
	admin.decision.allow == true with input as question with data.regent as house
	[[said.rule, said.enforcement, said.reason.id] | some said in admin.decision.advice] == [[
		"known_question",
		mode,
		"access.unknown_version",
	]] with input as question
		with data.regent as house
}

test_a_rule_that_is_off_says_nothing if {
	question := object.union(_asks("bundle.read", _admin), {"version": 2})
	admin.decision == _allowed with input as question with data.regent as _loosened({"known_question": "off"})
}

test_a_grant_that_only_advises_grants_nothing[mode] if {
	some mode in ["off", "shadow", "warn"]
	house := _loosened({"administration": mode})
	_ids == ["access.not_granted"] with input as _asks("bundle.read", _admin) with data.regent as house
}

test_a_required_rule_must_be_enforced[name] if {
	some name in ["administration", "known_question"]
	house := object.union(_house, {"enforcement": {name: "warn"}})
	"policy.incomplete" in _ids with input as _asks("bundle.read", _admin) with data.regent as house
	admin.decision.allow == false with input as _asks("bundle.read", _admin) with data.regent as house
}

test_metadata_loosens_a_rule_until_the_data_says_otherwise[note] if {
	some note, [modes, allowed] in {"silent": [{}, true], "enforced": [{"closed": "enforce"}, false]}
	admin.decision.allow == allowed with input as _asks("bundle.read", _admin)
		with data.regent as _loosened(modes)
		with data.rules.admin.denies as {"closed": {"enforcement": "warn", "deny": {_objection}}}
}

# Exceptions.

_excepting(house, rule) := object.union(house, {"exceptions": {"for-a-while": {
	"rule": rule,
	"roles": ["regent-admin"],
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

_on(day) := object.union(_asks("bundle.read", _admin), {"context": {"time": concat("", [day, "T00:00:00Z"])}})

_said := {[said.rule, said.reason.id] | some said in admin.decision.advice}

test_an_exception_lifts_a_rule_until_it_ends if {
	house := _excepting(_loosened({}), "closed")
	lifted := {["closed", "exception.applied"], ["closed", "house.closed"]}
	_said == lifted with input as _on("2026-12-31") with data.regent as house
		with data.rules.admin.denies as {"closed": {"deny": {_objection}}}
	admin.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.admin.denies as {"closed": {"deny": {_objection}}}
	admin.decision.reasons == [_objection] with input as _on("2027-01-01") with data.regent as house
		with data.rules.admin.denies as {"closed": {"deny": {_objection}}}
	admin.decision.advice == [] with input as _on("2027-01-01") with data.regent as house
		with data.rules.admin.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_says_who_answers_for_it if {
	_notice("closed") in admin.decision.advice with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.admin.denies as {"closed": {"deny": {_objection}}}
}

test_an_exception_that_is_not_needed_says_nothing if {
	admin.decision.advice == [] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.admin.denies as {"closed": {"deny": set()}}
}

test_an_exception_lifts_a_required_rule_only_if_it_may[note] if {
	some note, [said, allowed] in {
		"nothing said": [{}, false],
		"excusable": [{"excusable": true}, true],
		"not excusable": [{"excusable": false}, false],
		"another word": [{"excusable": "yes"}, false],
	}
	house := object.union(_excepting(_house, "closed"), {"required": {"admin": {"denies": ["closed"]}}})
	admin.decision.allow == allowed with input as _on("2026-12-31") with data.regent as house
		with data.rules.admin.denies as {"closed": object.union(said, {"deny": {_objection}})}
}

test_an_exception_never_lifts_what_is_inexcusable if {
	admin.decision.reasons == [_objection] with input as _on("2026-12-31")
		with data.regent as _excepting(_loosened({}), "closed")
		with data.rules.admin.denies as {"closed": {"deny": {_objection}, "excusable": false}}
}

test_an_exception_takes_no_rule_out_of_the_shadow if {
	house := _excepting(_loosened({"closed": "shadow"}), "closed")
	advice := [{"rule": "closed", "enforcement": "shadow", "reason": _objection}]
	admin.decision.allow == true with input as _on("2026-12-31") with data.regent as house
		with data.rules.admin.denies as {"closed": {"deny": {_objection}}}
	advice[0] in admin.decision.advice with input as _on("2026-12-31") with data.regent as house
		with data.rules.admin.denies as {"closed": {"deny": {_objection}}}
}

# Whatever rules a house adds, and however they count.
test_where_no_rule_is_suspended_there_is_no_advice if {
	admin.decision.advice == [] with input as {} with data.regent as {} with data.gateway.admin._suspended as {}
}
