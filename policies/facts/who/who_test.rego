package facts.who_test

import data.facts.who

_caller := {"subject": {
	"id": "Batch@acme",
	"properties": {"issuer": "https://idp.example", "organization": "ACME", "team": "HR", "roles": ["Analyst"]},
}}

_fitting := {
	"a role": {"roles": ["intern", "analyst"]},
	"a team": {"teams": ["hr"]},
	"an organisation": {"organizations": ["acme"]},
	"a subject": {"subjects": ["Batch@acme"], "issuer": "https://idp.example"},
	"globs": {"roles": ["ana*"], "teams": ["?r"], "organizations": ["*"]},
	"a glob of subjects": {"subjects": ["*@acme"], "issuer": "https://idp.example"},
	"all that is given": {"roles": ["analyst"], "teams": ["hr"], "organizations": ["acme"]},
}

_other := {
	"another role": {"roles": ["intern"]},
	"another team": {"teams": ["h-r", "hr ", "eng"]},
	"another organisation": {"organizations": ["acme.example"]},
	"one of two": {"roles": ["analyst"], "teams": ["eng"]},
	"a subject without its issuer": {"subjects": ["Batch@acme"]},
	"a subject of another issuer": {"subjects": ["*"], "issuer": "https://evil.example"},
	"a subject in another case": {"subjects": ["batch@acme"], "issuer": "https://idp.example"},
	"an empty list": {"roles": []},
	"a list that is none": {"roles": "analyst"},
	"a list of other things": {"teams": [7, null, ["hr"]]},
	"null": {"teams": null},
	"false": {"teams": false},
}

test_fits_and_names[note] if {
	some note, row in _fitting
	who.fits(row) with input as _caller
	who.names(row) with input as _caller
}

test_neither_fits_nor_names[note] if {
	some note, row in _other
	not who.fits(row) with input as _caller
	not who.names(row) with input as _caller
}

test_a_row_without_lists_fits_everybody_and_names_nobody if {
	who.fits({"models": ["*"]}) with input as _caller
	not who.names({"models": ["*"], "issuer": "https://idp.example"}) with input as _caller
}

test_absent_fields_fit_no_list[note] if {
	some note, row in _fitting
	not who.fits(row) with input as {}
	not who.fits(row) with input as {"subject": {"id": "x", "properties": {}}}
}

test_wrong_types_fit_no_list[note] if {
	some note, row in _fitting
	question := {"subject": {
		"id": ["Batch@acme"],
		"properties": {"issuer": 7, "organization": ["acme"], "team": {"hr": 1}, "roles": "analyst"},
	}}
	not who.fits(row) with input as question
}

test_hostile_names_are_no_globs if {
	question := {"subject": {"id": "*", "properties": {"roles": ["*", "?", "analyst "], "team": "*", "organization": "*"}}}
	not who.fits({"roles": ["analyst"]}) with input as question
	not who.fits({"teams": ["hr"]}) with input as question
	not who.fits({"organizations": ["acme"]}) with input as question
}
