# METADATA
# title: Calls serve their purpose
# description: |
#   A row of regent.purposes says for which labels and models which purposes are permitted.
#   The purpose is the verified claim `purpose` of the caller's credential, one or several; a client's word is none.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: purpose
#   reasons: [purpose.not_permitted]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-5]
package rules.request.denies.purpose

import data.facts.calls
import data.facts.labels
import data.facts.rows

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	some row in data.regent.purposes
	_concerns(row)
	not _permits(row)
	reason := {
		"id": "purpose.not_permitted",
		"user": "Your credential names no purpose for which such a call may be made.",
		"admin": "The claim purpose is none of those that a row of regent.purposes permits for this call.",
		"controls": ["GDPR-5"],
	}
}

_concerns(row) if {
	_carries(row)
	calls.asks_for(row)
}

_carries(row) if not rows.gives(row, "labels")

_carries(row) if {
	some label in row.labels
	label in labels.known
}

# Labels that aren't known might be any.
_carries(row) if {
	rows.gives(row, "labels")
	not labels.known
}

_permits(row) if {
	some purpose in _purposes
	purpose in row.purposes
}

_purposes contains lower(input.subject.properties.claims.purpose) if {
	is_string(input.subject.properties.claims.purpose)
}

_purposes contains lower(purpose) if {
	is_array(input.subject.properties.claims.purpose)
	some purpose in input.subject.properties.claims.purpose
	is_string(purpose)
}
