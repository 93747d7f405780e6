package rules.response.denies.replies_test

import data.rules.response.denies.replies

_house := {"replies": {
	"all": {"finishes": ["stop", "length", "tool_calls"], "max_tokens": 4000},
	"hr": {"teams": ["hr"], "finishes": ["stop"]},
	"gpt-5": {"models": ["gpt-5*"], "max_tokens": 100},
}}

_reply(team, model, finish, tokens) := {
	"subject": {"id": "alice", "properties": {"issuer": "https://idp.example", "team": team, "roles": []}},
	"resource": {"id": model},
	"context": {"reply": {"finish": finish, "tokens": {"completion": tokens}, "findings": []}},
}

_ids := {reason.id | some reason in replies.deny}

test_allows[note] if {
	some note, question in {
		"a finished reply": _reply("hr", "gpt-4o", "stop", 4000),
		"one that was cut off": _reply("eng", "gpt-4o", "length", 7),
		"a short one": _reply("eng", "GPT-5.1", "stop", 100),
		"an empty one": _reply("eng", "gpt-5", "stop", 0),
	}
	replies.deny == set() with input as question with data.regent as _house
}

test_denies[note] if {
	some note, [question, ids] in {
		"an end that isn't named": [_reply("eng", "gpt-4o", "content_filter", 7), {"reply.finish"}],
		"an end that one row doesn't name": [_reply("HR", "gpt-4o", "length", 7), {"reply.finish"}],
		"an end in another case": [_reply("eng", "gpt-4o", "Stop", 7), {"reply.finish"}],
		"too long": [_reply("eng", "gpt-4o", "stop", 4001), {"reply.too_long"}],
		"too long for the model": [_reply("eng", "GPT-5.1", "stop", 101), {"reply.too_long"}],
		"both": [_reply("hr", "gpt-5", "length", 101), {"reply.finish", "reply.too_long"}],
	}
	_ids == ids with input as question with data.regent as _house
}

test_reasons_are_whole if {
	replies.deny == {{
		"id": "reply.too_long",
		"user": "The reply is longer than what may be released to you.",
		"admin": "The reply has more tokens than max_tokens of a row in regent.replies that fits the call.",
		"controls": ["EU-AI-ACT-15"],
	}} with input as _reply("eng", "gpt-4o", "stop", 9999) with data.regent as _house
}

test_switched_off_says_nothing[note] if {
	some note, house in {"absent": {}, "empty": {"replies": {}}}
	replies.deny == set() with input as _reply("hr", "gpt-5", "length", 9999) with data.regent as house
	replies.deny == set() with input as {} with data.regent as house
}

test_denies_what_is_absent[path] if {
	some path in [
		"subject", "subject/properties/issuer", "subject/properties/roles", "resource", "context",
		"context/reply/finish", "context/reply/tokens", "context/reply/tokens/completion",
	]
	question := json.remove(_reply("hr", "gpt-4o", "stop", 7), [path])
	_ids == {"reply.unknown_facts"} with input as question with data.regent as _house
}

test_denies_wrong_types_and_hostile_values[note] if {
	some note, question in {
		"finish that is null": _reply("eng", "gpt-4o", null, 7),
		"finish that is a list": _reply("eng", "gpt-4o", ["stop"], 7),
		"tokens of text": _reply("eng", "gpt-4o", "stop", "7"),
		"tokens that are null": _reply("eng", "gpt-4o", "stop", null),
		"team of another type": _reply(7, "gpt-4o", "stop", 7),
		"model of another type": _reply("eng", ["gpt-5"], "stop", 7),
	}
	"reply.unknown_facts" in _ids with input as question with data.regent as _house
}

test_no_hostile_name_leaves_its_row if {
	_ids == {"reply.finish"} with input as _reply("*", "*", "stop ", 7) with data.regent as _house
}

test_denies_a_row_that_cannot_be_applied[note] if {
	some note, row in {
		"null": null,
		"an unknown name": {"finish": ["stop"]},
		"finishes of text": {"finishes": "stop"},
		"a finish that is none": {"finishes": ["stop", 7]},
		"finishes that are null": {"finishes": null},
		"tokens of text": {"max_tokens": "9"},
		"no tokens": {"max_tokens": 0},
		"teams of text": {"teams": "hr", "max_tokens": 9},
		"subjects of any issuer": {"subjects": ["alice"], "max_tokens": 9},
	}
	"reply.malformed_row" in _ids with input as _reply("eng", "gpt-4o", "stop", 7)
		with data.regent as {"replies": {"row": row}}
}

test_denies_a_table_that_is_none[note] if {
	some note, table in {"null": null, "text": "x", "list": []}
	_ids == {"reply.malformed_row"} with input as _reply("eng", "gpt-4o", "stop", 7) with data.regent as {"replies": table}
}
