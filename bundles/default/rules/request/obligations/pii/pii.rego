# METADATA
# title: Personal data leaves the house masked
# description: |
#   Entities that regent.pii masks, hashes or redacts, found in the call with the score that their row asks for.
#   A masked entity is a token on its way and itself again in the answer; the others don't come back.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: pii
#   reasons: [pii.malformed, pii.unknown]
#   severity: critical
#   enforcement: enforce
#   controls: [GDPR-5, GDPR-25, GDPR-32]
package rules.request.obligations.pii

import data.facts.pii

# METADATA
# description: At most one obligation for each way of masking.
obligation contains object.union(_ways[action], {"kind": "mask", "entities": sort(entities)}) if {
	pii.switched_on
	some action, _ in _ways
	entities := {entity | some entity, row in pii.found; row.action == action}
	count(entities) > 0
}

# METADATA
# description: Reasons to refuse.
# scope: document
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

_ways := {
	"hash": {"operator": "hash", "restore": false},
	"mask": {"operator": "token", "restore": true},
	"redact": {"operator": "redact", "restore": false},
}
