# METADATA
# title: Labelled data stays where it may be
# description: |
#   Every label of a call names the zones, regions and providers that may process its data, so "HR data stays on-prem".
#   Only deployments that every label permits are permitted.
#   A label or a team that the data does not know is refused: it may be a spelling of one that has limits.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: residency
#   reasons: [residency.unknown_label, residency.unknown_team]
#   severity: critical
#   enforcement: enforce
#   controls: [GDPR-44]
package rules.request.routes.residency

import data.facts.labels
import data.facts.residency

# METADATA
# description: Ids of the deployments that every label of the call permits; none while the labels are unknown.
permitted contains deployment.id if {
	some deployment in input.resource.properties.deployments
	every label in labels.known { residency.permits(label, deployment) }
}

# METADATA
# description: Reasons to refuse; a label's own reason, such as residency.hr_onprem, comes from the data.
# scope: document
deny contains reason if {
	count(permitted) == 0
	some label in labels.known
	some deployment in input.resource.properties.deployments
	not residency.permits(label, deployment)
	said := residency.reason(label)
	reason := {"id": said.id, "user": said.user, "admin": said.admin, "controls": said.controls}
}

deny contains reason if {
	some label in labels.known
	not residency.listed(label)
	reason := {
		"id": "residency.unknown_label",
		"user": "The call carries a label that this policy does not know.",
		"admin": "A label of the team or of the call is not listed under regent.residency.",
		"controls": ["GDPR-44"],
	}
}

deny contains reason if {
	not labels.of_team
	reason := {
		"id": "residency.unknown_team",
		"user": "Your team is not known to this policy.",
		"admin": "The caller's team is not listed under regent.teams, or its row has no list of labels.",
		"controls": ["GDPR-44"],
	}
}
