package facts.parameters_test

import data.facts.parameters

_rows := {"all": {"max_choices": 4, "max_temperature": 0.5}, "hr": {"teams": ["hr"], "tools": [], "streams": false}}

_asks(team) := {
	"subject": {"id": "alice", "properties": {"issuer": "https://idp.example", "team": team, "roles": []}},
	"resource": {"id": "gpt-4o"},
}

test_holding_is_what_fits_the_call if {
	parameters.holding == _rows with input as _asks("HR") with data.regent as {"parameters": _rows}
	parameters.holding == {"all": _rows.all} with input as _asks("eng") with data.regent as {"parameters": _rows}
	parameters.holding == {} with input as _asks("eng") with data.regent as {}
}

test_rows_that_can_be_read[note] if {
	some note, table in {"rows": _rows, "empty": {}, "a row that says nothing": {"row": {}}}
	not parameters.malformed with data.regent as {"parameters": table}
	not parameters.malformed with data.regent as {}
}

test_malformed[note] if {
	some note, row in {
		"null": null,
		"text": "max_choices",
		"an unknown name": {"tool": []},
		"tools of text": {"tools": "search"},
		"a tool that is none": {"tools": [null]},
		"modalities of text": {"modalities": "text"},
		"no choices": {"max_choices": 0},
		"streams of text": {"streams": "no"},
		"temperature of text": {"max_temperature": "0.5"},
		"temperature below all": {"max_temperature": -1},
		"temperature above all": {"max_temperature": 3},
		"teams of text": {"teams": "hr"},
	}
	table := object.union(_rows, {"row": row})
	parameters.malformed with data.regent as {"parameters": table}
	parameters.holding == {"all": _rows.all} with input as _asks("eng") with data.regent as {"parameters": table}
}

test_a_table_that_is_none_is_malformed[note] if {
	some note, table in {"null": null, "text": "x", "list": [{"max_choices": 1}], "number": 7}
	parameters.malformed with data.regent as {"parameters": table}
}
