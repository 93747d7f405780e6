# METADATA
# title: Labelled data stays in its zones
# description: |
#   Every label of a call names the zones in which its data may be processed, so "HR data stays on-prem".
#   Only deployments that lie in an allowed zone of every label are permitted.
#   A label or a team that the data does not know is refused: it may be a spelling of one that has limits.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: residency
#   reasons: [residency.unknown_label, residency.unknown_team]
#   severity: critical
#   controls: [GDPR-44]
package rules.request.routes.residency

import data.facts.labels

# METADATA
# description: Ids of the deployments that every label of the call permits; none while the labels are unknown.
permitted contains deployment.id if {
	some deployment in input.resource.properties.deployments
	every label in labels.known { _allows(label, deployment) }
}

# METADATA
# description: Reasons to refuse; a label's own reason, such as residency.hr_onprem, comes from the data.
# scope: document
deny contains reason if {
	count(permitted) == 0
	some label in labels.known
	some deployment in input.resource.properties.deployments
	not _allows(label, deployment)
	said := data.regent.residency[label].reason
	reason := {"id": said.id, "user": said.user, "admin": said.admin, "controls": said.controls}
}

deny contains reason if {
	some label in labels.known
	not _listed(label)
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

_allows(label, deployment) if deployment.zone in data.regent.residency[label].zones

_listed(label) if data.regent.residency[label]
