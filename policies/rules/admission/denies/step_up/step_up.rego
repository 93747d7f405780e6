# METADATA
# title: Sensitive models ask for a stronger proof
# description: |
#   A row of regent.step_up says for which models a credential must be of certain levels, or how fresh it must be.
#   Whatever a row asks must hold; a row that asks for nothing is fulfilled by nobody.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: step_up
#   reasons: [step_up.needed]
#   severity: high
#   enforcement: enforce
#   controls: [ISO-27001-A.8.5, GDPR-32]
package rules.admission.denies.step_up

import data.facts.calls
import data.facts.rows

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	some row in data.regent.step_up
	calls.concerns(row)
	not _proved(row)
	reason := {
		"id": "step_up.needed",
		"user": "This model asks for a stronger or fresher proof of who you are; sign in again.",
		"admin": "The credential's level or age isn't what a row of regent.step_up asks for.",
		"controls": ["GDPR-32", "ISO-27001-A.8.5"],
	}
}

_proved(row) if {
	_asks(row)
	_strong(row)
	_fresh(row)
}

_asks(row) if rows.gives(row, "levels")

_asks(row) if rows.gives(row, "max_age_s")

_strong(row) if not rows.gives(row, "levels")

_strong(row) if input.subject.properties.authentication.level in row.levels

_fresh(row) if not rows.gives(row, "max_age_s")

# Values of different types have an order too: null would be younger than every number.
_fresh(row) if {
	is_number(input.subject.properties.authentication.age_s)
	is_number(row.max_age_s)
	input.subject.properties.authentication.age_s <= row.max_age_s
}
