package rules.request.denies.parameters_test

import data.rules.request.denies.parameters

_house := {"parameters": {
	"all": {"max_choices": 4, "max_temperature": 1},
	"hr": {
		"teams": ["hr"],
		"tools": ["hr_*", "search"],
		"modalities": ["text", "image"],
		"streams": false,
		"max_choices": 1,
	},
	"gpt-5": {"models": ["gpt-5*"], "tools": []},
	"free": {"teams": ["eng"], "streams": true},
}}

_asks(team, model, action) := {
	"subject": {"id": "alice", "properties": {"issuer": "https://idp.example", "team": team, "roles": []}},
	"action": {"name": "chat.completions", "properties": object.union(
		{"stream": false, "tools": [], "modalities": ["text"]},
		action,
	)},
	"resource": {"id": model},
}

_ids := {reason.id | some reason in parameters.deny}

test_allows[note] if {
	some note, question in {
		"a plain call": _asks("hr", "gpt-4o", {}),
		"tools that are named": _asks("hr", "gpt-4o", {"tools": ["hr_leave", "search"]}),
		"tools in any case": _asks("hr", "gpt-4o", {"tools": ["HR_Leave.v2"]}),
		"modalities that are named": _asks("hr", "gpt-4o", {"modalities": ["image", "text"]}),
		"as many choices": _asks("hr", "gpt-4o", {"choices": 1}),
		"choices of others": _asks("eng", "gpt-4o", {"choices": 4}),
		"tools and streams of others": _asks("eng", "gpt-4o", {"tools": ["x"], "stream": true}),
		"content of others": _asks("eng", "gpt-4o", {"modalities": ["audio"]}),
		"no tools where none may be": _asks("eng", "gpt-5", {}),
	}
	parameters.deny == set() with input as question with data.regent as _house
}

test_denies[note] if {
	some note, [question, id] in {
		"another tool": [_asks("hr", "gpt-4o", {"tools": ["search", "web_search"]}), "parameters.tool"],
		"any tool where none may be": [_asks("eng", "GPT-5.1", {"tools": ["search"]}), "parameters.tool"],
		"one row allows and another doesn't": [_asks("hr", "gpt-5", {"tools": ["search"]}), "parameters.tool"],
		"another modality": [_asks("hr", "gpt-4o", {"modalities": ["audio", "text"]}), "parameters.modality"],
		"a stream": [_asks("HR", "gpt-4o", {"stream": true}), "parameters.stream"],
		"more choices": [_asks("eng", "gpt-4o", {"choices": 5}), "parameters.choices"],
		"more than the least": [_asks("hr", "gpt-4o", {"choices": 2}), "parameters.choices"],
	}
	_ids == {id} with input as question with data.regent as _house
}

test_reasons_are_whole if {
	question := _asks("hr", "gpt-4o", {"tools": ["shell"]})
	parameters.deny == {{
		"id": "parameters.tool",
		"user": "The call offers the model a tool that you may not use.",
		"admin": "A tool of the call is covered by no glob under tools of a row in regent.parameters that fits the call.",
		"controls": ["EU-AI-ACT-15", "EU-AI-ACT-26"],
	}} with input as question with data.regent as _house
}

test_denies_everything_that_is_wrong_at_once if {
	question := _asks("hr", "gpt-4o", {"tools": ["x"], "modalities": ["video"], "stream": true, "choices": 9})
	_ids == {"parameters.choices", "parameters.modality", "parameters.stream", "parameters.tool"} with input as question
		with data.regent as _house
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"parameters": {}}}
	question := _asks("hr", "gpt-4o", {"tools": ["x"], "choices": 128})
	parameters.deny == set() with input as question with data.regent as house
	parameters.deny == set() with input as {} with data.regent as house
}

test_denies_what_is_absent[path] if {
	some path in [
		"subject/id", "subject/properties/issuer", "subject/properties/roles", "resource", "action",
		"action/properties/tools", "action/properties/modalities", "action/properties/stream",
	]
	question := json.remove(_asks("hr", "gpt-4o", {}), [path])
	_ids == {"parameters.unknown"} with input as question with data.regent as _house
}

test_denies_wrong_types[note] if {
	some note, action in {
		"tools of text": {"tools": "search"},
		"a tool that is none": {"tools": ["search", 7]},
		"modalities of text": {"modalities": "text"},
		"stream of text": {"stream": "true"},
		"stream that is null": {"stream": null},
		"choices of text": {"choices": "1"},
		"choices that are null": {"choices": null},
		"no choices": {"choices": 0},
		"half a choice": {"choices": 0.5},
	}
	"parameters.unknown" in _ids with input as _asks("hr", "gpt-4o", action) with data.regent as _house
}

test_denies_hostile_values[note] if {
	some note, action in {
		"a tool that is a glob": {"tools": ["*"]},
		"a tool that looks alike": {"tools": ["xhr_leave"]},
		"a tool with a space": {"tools": ["search "]},
		"a tool without a name": {"tools": [""]},
	}
	_ids == {"parameters.tool"} with input as _asks("hr", "gpt-4o", action) with data.regent as _house
}

test_denies_a_modality_in_another_case if {
	question := _asks("hr", "gpt-4o", {"modalities": ["Text"]})
	_ids == {"parameters.modality"} with input as question with data.regent as _house
}

test_denies_a_row_that_cannot_be_applied[note] if {
	some note, row in {
		"null": null,
		"an unknown name": {"tool": ["search"]},
		"tools of text": {"tools": "search"},
		"a tool that is none": {"tools": [7]},
		"tools that are null": {"tools": null},
		"modalities of text": {"modalities": "text"},
		"choices of text": {"max_choices": "4"},
		"no choices": {"max_choices": 0},
		"streams of text": {"streams": "no"},
		"teams of text": {"teams": "hr", "streams": false},
		"subjects of any issuer": {"subjects": ["alice"], "streams": false},
	}
	house := {"parameters": {"row": row}}
	"parameters.malformed" in _ids with input as _asks("eng", "gpt-4o", {}) with data.regent as house
}

test_denies_a_table_that_is_none[note] if {
	some note, table in {"null": null, "text": "x", "list": []}
	"parameters.malformed" in _ids with input as _asks("eng", "gpt-4o", {}) with data.regent as {"parameters": table}
}
