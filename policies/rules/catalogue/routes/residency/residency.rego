# METADATA
# title: Only models that may process the team's data are shown
# description: |
#   Every label of the caller's team names the zones, regions and providers that may process its data.
#   A model is shown if they all permit one of its deployments. What a call itself carries is not known yet.
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
package rules.catalogue.routes.residency

import data.facts.labels
import data.facts.residency

# METADATA
# description: Ids of the deployments that every label of the team permits; none while the team is unknown.
permitted contains deployment.id if {
	some deployment in input.resource.properties.deployments
	every label in labels.of_team { residency.permits(label, deployment) }
}

# METADATA
# description: Reasons to refuse; a label's own reason, such as residency.hr_onprem, comes from the data.
# scope: document
deny contains reason if {
	count(permitted) == 0
	some label in labels.of_team
	some deployment in input.resource.properties.deployments
	not residency.permits(label, deployment)
	said := residency.reason(label)
	reason := {"id": said.id, "user": said.user, "admin": said.admin, "controls": said.controls}
}

deny contains reason if {
	some label in labels.of_team
	not residency.listed(label)
	reason := {
		"id": "residency.unknown_label",
		"user": "Your team carries a label that this policy does not know.",
		"admin": "A label of the team is not listed under regent.residency.",
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
