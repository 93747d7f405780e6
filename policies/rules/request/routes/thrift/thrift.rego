# METADATA
# title: What is left of a budget decides what is used
# description: |
#   Once so much of a budget is spent or reserved, calls that it pays for are served by small deployments,
#   those that carry a label of the row, where the model has one.
#   How budgets stand is in input.context.usage, under the keys of this policy's own obligations.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: thrift
#   reasons: [thrift.malformed]
#   severity: low
#   enforcement: enforce
#   controls: [ISO-27001-A.8.6]
package rules.request.routes.thrift

import data.facts.quantities

# METADATA
# description: Ids of the deployments that every row in force permits.
permitted contains deployment.id if {
	some deployment in input.resource.properties.deployments
	every name, _ in _in_force { _small(deployment, data.regent.thrift[name]) }
}

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	_malformed
	reason := {
		"id": "thrift.malformed",
		"user": "A rule of thrift of this policy cannot be applied.",
		"admin": "A row under regent.thrift lacks budgets, a mark or labels, or holds something else than the schema says.",
		"controls": ["ISO-27001-A.8.6"],
	}
}

# The rows whose mark a budget of theirs has reached, and whose labels a candidate carries.
_in_force[name] := row if {
	some name, row in data.regent.thrift
	some budget in input.context.usage
	budget.kind == "budget"
	budget.part >= row.above
	some paying in row.budgets
	startswith(budget.key, concat("", [paying, "/"]))
	some deployment in input.resource.properties.deployments
	_small(deployment, row)
}

_small(deployment, row) if {
	some label in deployment.labels
	label in row.labels
}

_malformed if {
	rows := data.regent.thrift
	not is_object(rows)
}

_malformed if {
	some row in data.regent.thrift
	not _sound(row)
}

_sound(row) if {
	object.keys(row) == {"above", "budgets", "labels"}
	quantities.fraction(row.above)
	every name in ["budgets", "labels"] {
		is_array(row[name])
		count(row[name]) > 0
		every text in row[name] { is_string(text) }
	}
}
