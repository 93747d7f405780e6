# METADATA
# title: Who may administer and who may audit
# description: |
#   A row of regent.administration names actions, such as bundle.activate or audit.query, and the people who may do them.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: administration
#   reasons: [access.not_granted]
#   severity: critical
#   enforcement: enforce
#   controls: [ISO-27001-A.5.3, GDPR-32]
package rules.admin.grants.administration

import data.facts.who

# METADATA
# description: Whether the caller may do this with the gateway itself.
# scope: document
default allow := false

allow if {
	some row in data.regent.administration
	input.resource.type == "admin"
	some action in row.actions
	glob.match(action, null, input.action.name)
	who.names(row)
}
