# METADATA
# title: Replies with personal data that may not be released are withheld
# description: |
#   An entity that regent.reply_pii blocks, found in the reply with the score that its row asks for, withholds it.
#   While the table has a row, a reply that was not searched is withheld.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: reply_pii
#   reasons: [reply.blocked, reply.malformed_pii, reply.unknown_pii]
#   waits_for: [reply_pii]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-5, GDPR-25]
package rules.response.denies.reply_pii

import data.facts.reply_pii

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	reply_pii.switched_on
	some row in reply_pii.found
	row.action == "block"
	reason := {
		"id": "reply.blocked",
		"user": "The reply contains personal data that may not be released.",
		"admin": "An entity that regent.reply_pii blocks was found in the reply, with the score that its row asks for.",
		"controls": ["GDPR-25", "GDPR-5"],
	}
}

deny contains reason if {
	reply_pii.switched_on
	not reply_pii.known
	reason := {
		"id": "reply.unknown_pii",
		"user": "It is not known whether the reply contains personal data.",
		"admin": "context.reply.findings is absent or malformed, and regent.reply_pii has rows.",
		"controls": ["GDPR-25"],
	}
}

deny contains reason if {
	reply_pii.switched_on
	not reply_pii.sound
	reason := {
		"id": "reply.malformed_pii",
		"user": "What this policy says about personal data in replies cannot be applied.",
		"admin": "A row under regent.reply_pii lacks an action or names an unknown one, or its score is malformed.",
		"controls": ["GDPR-25"],
	}
}
