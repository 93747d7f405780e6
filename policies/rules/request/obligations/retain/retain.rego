# METADATA
# title: What the audit log keeps
# description: Digests of question and answer, or both sealed, are kept as long as the data says; without that word nothing is allowed.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: retain
#   reasons: [retention.undefined]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-5, EU-AI-ACT-12]
package rules.request.obligations.retain

import data.facts.quantities

# METADATA
# description: How the gateway must keep the record of this call.
obligation contains {"kind": "retain", "payload": data.regent.retention.payload, "days": data.regent.retention.days}

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	not _known
	reason := {
		"id": "retention.undefined",
		"user": "This policy does not say how the call would be recorded.",
		"admin": "regent.retention must name the payload digest or sealed and a positive whole number of days.",
		"controls": ["EU-AI-ACT-12", "GDPR-5"],
	}
}

_known if {
	data.regent.retention.payload in {"digest", "sealed"}
	quantities.positive(data.regent.retention.days)
}
