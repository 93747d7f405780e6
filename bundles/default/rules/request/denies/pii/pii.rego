# METADATA
# title: Calls with personal data that may not be sent are refused
# description: |
#   An entity that regent.pii blocks, found in the call with the score that its row asks for, refuses the call.
#   While the table has a row, a call whose content was not searched is refused.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: pii
#   reasons: [pii.blocked, pii.malformed, pii.unknown]
#   severity: critical
#   enforcement: enforce
#   controls: [GDPR-5, GDPR-25, GDPR-32]
package rules.request.denies.pii

import data.facts.pii

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	pii.switched_on
	some row in pii.found
	row.action == "block"
	reason := {
		"id": "pii.blocked",
		"user": "The call contains personal data that may not be sent.",
		"admin": "An entity that regent.pii blocks was found in the call, with the score that its row asks for.",
		"controls": ["GDPR-25", "GDPR-5"],
	}
}

deny contains reason if {
	pii.switched_on
	not pii.known
	reason := {
		"id": "pii.unknown",
		"user": "It is not known whether this call contains personal data.",
		"admin": "context.content.findings is absent or malformed, and regent.pii has rows.",
		"controls": ["GDPR-25", "GDPR-32"],
	}
}

deny contains reason if {
	pii.switched_on
	not pii.sound
	reason := {
		"id": "pii.malformed",
		"user": "What this policy says about personal data cannot be applied.",
		"admin": "A row under regent.pii lacks an action or names an unknown one, or its score or zones are malformed.",
		"controls": ["GDPR-25", "GDPR-32"],
	}
}
