# METADATA
# title: Where labelled data may go
# description: |
#   A label's row names zones, regions and providers. Whichever are given must all hold of a deployment;
#   a row that gives none of them permits no deployment.
# schemas:
#   - data.regent: schema.regent
package facts.residency

import data.facts.rows

# METADATA
# description: Whether data with this label may be processed by this deployment.
permits(label, deployment) if {
	row := data.regent.residency[label]
	_limits(row)
	_within(row, "zones", deployment.zone)
	_within(row, "regions", deployment.region)
	_within(row, "providers", lower(deployment.provider))
}

# METADATA
# description: Whether the data knows the label.
listed(label) if data.regent.residency[label]

# METADATA
# description: The reason that a label gives when it leaves no deployment.
reason(label) := data.regent.residency[label].reason

_limits(row) if rows.gives(row, "zones")

_limits(row) if rows.gives(row, "regions")

_limits(row) if rows.gives(row, "providers")

_within(row, list, value) if value in row[list]

_within(row, list, _) if not rows.gives(row, list)
