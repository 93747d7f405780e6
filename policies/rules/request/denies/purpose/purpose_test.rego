package rules.request.denies.purpose_test

import data.rules.request.denies.purpose

_house(row) := {
	"teams": {"hr": {"labels": ["hr"]}, "eng": {"labels": []}},
	"purposes": {"payroll": object.union({"purposes": ["payroll", "hr-administration"]}, row)},
}

_asks(claims, team) := {
	"subject": {"properties": {"issuer": "i", "team": team, "claims": claims}},
	"resource": {"type": "model", "id": "GPT-5.1"},
	"context": {"content": {"labels": ["draft"]}},
}

_not_permitted := {
	"id": "purpose.not_permitted",
	"user": "Your credential names no purpose for which such a call may be made.",
	"admin": "The claim purpose is none of those that a row of regent.purposes permits for this call.",
	"controls": ["GDPR-5"],
}

test_allows_a_purpose[note] if {
	some note, [row, claims] in {
		"as text": [{"labels": ["hr"]}, {"purpose": "payroll"}],
		"in any case": [{"labels": ["hr"]}, {"purpose": "Payroll"}],
		"among several": [{"labels": ["hr"]}, {"purpose": ["research", "hr-administration"]}],
		"for the model": [{"models": ["gpt-5*"]}, {"purpose": "payroll"}],
		"for every call": [{}, {"purpose": "payroll"}],
	}
	purpose.deny == set() with input as _asks(claims, "hr") with data.regent as _house(row)
}

test_denies_another_purpose[note] if {
	some note, claims in {
		"absent": {},
		"another": {"purpose": "research"},
		"empty": {"purpose": ""},
		"that looks alike": {"purpose": "payroll "},
		"a glob": {"purpose": "*"},
		"none of several": {"purpose": ["research", 7, null]},
		"null": {"purpose": null},
		"true": {"purpose": true},
		"object": {"purpose": {"payroll": true}},
		"nested": {"purpose": [["payroll"]]},
	}
	purpose.deny == {_not_permitted} with input as _asks(claims, "hr") with data.regent as _house({"labels": ["hr"]})
}

test_only_calls_that_a_row_is_about[note] if {
	some note, [row, team, reasons] in {
		"the team's label": [{"labels": ["hr"]}, "hr", {_not_permitted}],
		"a declared label": [{"labels": ["draft"]}, "eng", {_not_permitted}],
		"another label": [{"labels": ["hr"]}, "eng", set()],
		"the model": [{"models": ["gpt-5*"]}, "eng", {_not_permitted}],
		"another model": [{"models": ["gpt-4*"]}, "eng", set()],
		"label and model": [{"labels": ["hr"], "models": ["gpt-5*"]}, "hr", {_not_permitted}],
		"the label, but another model": [{"labels": ["hr"], "models": ["gpt-4*"]}, "hr", set()],
		"no label": [{"labels": []}, "hr", set()],
	}
	purpose.deny == reasons with input as _asks({}, team) with data.regent as _house(row)
}

test_what_a_client_says_is_no_purpose if {
	question := object.union(_asks({}, "hr"), {
		"context": {"content": {"purpose": "payroll"}, "purpose": "payroll"},
		"action": {"properties": {"purpose": "payroll"}},
	})
	purpose.deny == {_not_permitted} with input as question with data.regent as _house({"labels": ["hr"]})
}

test_denies_what_is_absent[path] if {
	some path in ["subject", "subject/properties/claims", "context", "context/content/labels"]
	question := json.remove(_asks({}, "hr"), [path])
	purpose.deny == {_not_permitted} with input as question with data.regent as _house({"labels": ["hr"]})
}

test_denies_wrong_types if {
	purpose.deny == {_not_permitted} with input as _asks("payroll", "hr") with data.regent as _house({"labels": ["hr"]})
	purpose.deny == {_not_permitted} with input as [] with data.regent as _house({})
	purpose.deny == {_not_permitted} with input as _asks({"purpose": "payroll"}, "hr")
		with data.regent as _house({"purposes": "payroll"})
}

test_does_nothing_without_data[note] if {
	some note, table in {"absent": {}, "empty": {"purposes": {}}, "text": {"purposes": "payroll"}}
	purpose.deny == set() with input as _asks({}, "hr") with data.regent as table
}
