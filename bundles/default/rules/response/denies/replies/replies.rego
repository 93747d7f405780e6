# METADATA
# title: Which replies are released
# description: |
#   How a reply may have ended and how long it may be, as every row that fits the call allows.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: replies
#   reasons: [reply.finish, reply.malformed_row, reply.too_long, reply.unknown_facts]
#   waits_for: [replies]
#   severity: medium
#   enforcement: enforce
#   controls: [EU-AI-ACT-15]
package rules.response.denies.replies

import data.facts.quantities
import data.facts.scope

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	some row in _holding
	finishes := row.finishes
	finish := input.context.reply.finish
	not _listed(finish, finishes)
	reason := {
		"id": "reply.finish",
		"user": "The reply ended in a way that may not be released to you.",
		"admin": "context.reply.finish is missing under finishes of a row in regent.replies that fits the call.",
		"controls": ["EU-AI-ACT-15"],
	}
}

deny contains reason if {
	some row in _holding
	input.context.reply.tokens.completion > row.max_tokens
	reason := {
		"id": "reply.too_long",
		"user": "The reply is longer than what may be released to you.",
		"admin": "The reply has more tokens than max_tokens of a row in regent.replies that fits the call.",
		"controls": ["EU-AI-ACT-15"],
	}
}

deny contains reason if {
	data.regent.replies != {}
	not _known
	reason := {
		"id": "reply.unknown_facts",
		"user": "The reply could not be judged.",
		"admin": "The subject, the model, or the reply's end or length is absent or malformed, and regent.replies has rows.",
		"controls": ["EU-AI-ACT-15"],
	}
}

deny contains reason if {
	_malformed
	reason := {
		"id": "reply.malformed_row",
		"user": "What this policy says about replies cannot be applied.",
		"admin": "A row under regent.replies has an unknown name, or holds something else than the schema says.",
		"controls": ["EU-AI-ACT-15"],
	}
}

# The rows that fit the call.
_holding[name] := row if {
	some name, row in _readable
	scope.covers(row)
}

_readable[name] := row if {
	some name, row in data.regent.replies
	_sound(row)
}

_known if {
	scope.known
	is_string(input.context.reply.finish)
	is_number(input.context.reply.tokens.completion)
}

_malformed if {
	replies := data.regent.replies
	not is_object(replies)
}

_malformed if count(_readable) < count(data.regent.replies)

_sound(row) if {
	scope.sound(row)
	object.keys(row) - _names == set()
	quantities.positive(object.get(row, "max_tokens", 1))
	finishes := object.get(row, "finishes", [])
	is_array(finishes)
	every finish in finishes { is_string(finish) }
}

_names := {"finishes", "issuer", "max_tokens", "models", "organizations", "roles", "subjects", "teams"}

_listed(finish, finishes) if finish in finishes
