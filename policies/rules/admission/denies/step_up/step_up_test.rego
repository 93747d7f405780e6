package rules.admission.denies.step_up_test

import data.rules.admission.denies.step_up

_house(row) := {"step_up": {"frontier": object.union({"models": ["gpt-5*"]}, row)}}

_asks(authentication) := {
	"subject": {"properties": {"team": "HR", "authentication": authentication}},
	"resource": {"type": "model", "id": "GPT-5.1"},
}

_needed := {
	"id": "step_up.needed",
	"user": "This model asks for a stronger or fresher proof of who you are; sign in again.",
	"admin": "The credential's level or age isn't what a row of regent.step_up asks for.",
	"controls": ["GDPR-32", "ISO-27001-A.8.5"],
}

test_allows_what_is_proved[note] if {
	some note, [row, authentication] in {
		"a level": [{"levels": ["mfa", "phr"]}, {"level": "phr", "age_s": 9000}],
		"fresh": [{"max_age_s": 3600}, {"age_s": 0}],
		"just fresh": [{"max_age_s": 3600}, {"age_s": 3600}],
		"both": [{"levels": ["mfa"], "max_age_s": 3600}, {"level": "mfa", "age_s": 10}],
		"another model": [{"models": ["o3"], "levels": ["mfa"]}, {"age_s": 10}],
		"another team": [{"teams": ["eng"], "levels": ["mfa"]}, {"age_s": 10}],
	}
	step_up.deny == set() with input as _asks(authentication) with data.regent as _house(row)
}

test_denies_what_is_not[note] if {
	some note, [row, authentication] in {
		"another level": [{"levels": ["mfa"]}, {"level": "pwd"}],
		"a level in another case": [{"levels": ["mfa"]}, {"level": "MFA"}],
		"a level that looks alike": [{"levels": ["mfa"]}, {"level": "mfa "}],
		"no level": [{"levels": ["mfa"]}, {"age_s": 1}],
		"a level of another type": [{"levels": ["mfa"]}, {"level": ["mfa"]}],
		"stale": [{"max_age_s": 3600}, {"age_s": 3601}],
		"no age": [{"max_age_s": 3600}, {"level": "mfa"}],
		"an age that is null": [{"max_age_s": 3600}, {"age_s": null}],
		"an age that is text": [{"max_age_s": 3600}, {"age_s": "1"}],
		"strong but stale": [{"levels": ["mfa"], "max_age_s": 3600}, {"level": "mfa", "age_s": 4000}],
		"fresh but weak": [{"levels": ["mfa"], "max_age_s": 3600}, {"level": "pwd", "age_s": 1}],
		"a row that asks for nothing": [{}, {"level": "mfa", "age_s": 1}],
		"a list that is none": [{"levels": "mfa"}, {"level": "mfa"}],
		"an age to have that is none": [{"max_age_s": "3600"}, {"age_s": 1}],
		"every model": [{"models": ["*"], "levels": ["mfa"]}, {"level": "pwd"}],
	}
	step_up.deny == {_needed} with input as _asks(authentication) with data.regent as _house(row)
}

test_denies_what_is_absent[path] if {
	some path in ["subject", "subject/properties/authentication", "resource", "resource/id"]
	question := json.remove(_asks({}), [path])
	step_up.deny == {_needed} with input as question with data.regent as _house({"levels": ["mfa"]})
}

test_denies_wrong_types if {
	step_up.deny == {_needed} with input as _asks("mfa") with data.regent as _house({"levels": ["mfa"]})
	step_up.deny == {_needed} with input as [] with data.regent as _house({"levels": ["mfa"]})
}

test_does_nothing_without_data[note] if {
	some note, table in {"absent": {}, "empty": {"step_up": {}}, "text": {"step_up": "*"}}
	step_up.deny == set() with input as _asks({}) with data.regent as table
}
