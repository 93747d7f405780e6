# METADATA
# title: Personal data in replies is masked
# description: Entities that regent.reply_pii masks, found in the reply with the score that their row asks for.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: reply_masking
#   reasons: [reply.malformed_pii, reply.unknown_pii]
#   waits_for: [reply_pii]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-5, GDPR-25]
package rules.response.obligations.reply_masking

import data.facts.reply_pii

# METADATA
# description: At most one obligation, for everything that was found and is masked.
obligation contains {"kind": "inspect_reply", "entities": sort(entities), "action": "mask"} if {
	reply_pii.switched_on
	entities := {entity | some entity, row in reply_pii.found; row.action == "mask"}
	count(entities) > 0
}

# METADATA
# description: Reasons to refuse.
# scope: document
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
