package facts.accounts_test

import data.facts.accounts

_call := {
	"subject": {"id": "alice@acme", "properties": {"issuer": "https://idp.example", "organization": "ACME", "team": "HR"}},
	"resource": {"id": "GPT-4.1"},
}

_user(issuer, id) := {"subject": {"id": id, "properties": {"issuer": issuer}}}

_team(name) := {"subject": {"properties": {"team": name}}}

_long := concat("", ["n" | some _ in numbers.range(1, 129)])

_longest := substring(_long, 0, 128)

test_keys[level] if {
	some level, key in {
		"everybody": "burst/everybody",
		"model": "burst/model:gpt-4.1",
		"organization": "burst/organization:acme",
		"team": "burst/team:hr",
		"user": "burst/user#4acd8fff85f023402089a621d173fa1787a8497cff13cb70116a8c45c5d40ba9",
	}
	accounts.key("burst", level) == key with input as _call
	level in accounts.levels
}

test_every_level_has_a_key if {
	every level in accounts.levels {
		accounts.key("burst", level) with input as _call
	}
}

test_callers_without_a_group_share_a_count[level] if {
	some level in ["organization", "team"]
	expected := concat("/", ["burst", level])
	accounts.key("burst", level) == expected with input as _user("https://idp.example", "alice@acme")
	accounts.key("burst", level) == expected with input as {}
}

test_no_key_where_the_question_says_nothing[level] if {
	some level in ["model", "user"]
	not accounts.key("burst", level) with input as {}
}

test_no_user_without_an_issuer if {
	not accounts.key("burst", "user") with input as json.remove(_call, ["subject/properties/issuer"])
	not accounts.key("burst", "user") with input as json.remove(_call, ["subject/id"])
}

test_no_key_of_wrong_types if {
	question := {"subject": {"properties": {"team": ["hr"], "organization": {"acme": 1}}}, "resource": {"id": 7}}
	not accounts.key("burst", "team") with input as question
	not accounts.key("burst", "organization") with input as question
	not accounts.key("burst", "model") with input as question
}

test_no_key_of_an_unknown_level[level] if {
	some level in ["role", "TEAM", "", null, 7]
	not accounts.key("burst", level) with input as _call
}

test_one_id_of_two_issuers_is_two_users if {
	one := accounts.key("burst", "user") with input as _user("https://idp.example", "alice")
	other := accounts.key("burst", "user") with input as _user("https://evil.example", "alice")
	one != other
}

test_no_issuer_and_id_run_into_each_other if {
	one := accounts.key("burst", "user") with input as _user("https://idp.example", "x\",\"alice")
	other := accounts.key("burst", "user") with input as _user("https://idp.example\",\"x", "alice")
	one != other
}

test_ids_are_not_folded if {
	one := accounts.key("burst", "user") with input as _user("https://idp.example", "alice")
	other := accounts.key("burst", "user") with input as _user("https://idp.example", "Alice")
	one != other
}

test_no_name_spells_another_key if {
	accounts.key("burst", "team") == "burst/team:hr/team:eng" with input as _team("hr/team:eng")
	accounts.key("burst", "team") == "burst/team:" with input as _team("")
	accounts.key("burst", "team") == "burst/team:#hr" with input as _team("#hr")
}

test_a_name_too_long_for_a_key_is_digested if {
	kept := accounts.key("burst", "team") with input as _team(_longest)
	kept == concat(":", ["burst/team", _longest])
	digested := accounts.key("burst", "team") with input as _team(_long)
	digested == concat("#", ["burst/team", crypto.sha256(_long)])
}
