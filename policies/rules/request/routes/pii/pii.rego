# METADATA
# title: Personal data stays where it may be
# description: |
#   An entity whose row in regent.pii names zones, found in the call with the score that the row asks for,
#   confines the call to deployments in these zones. Of several entities all zones must hold.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: pii
#   reasons: [pii.no_zone]
#   severity: critical
#   enforcement: enforce
#   controls: [GDPR-5, GDPR-25, GDPR-44]
package rules.request.routes.pii

import data.facts.pii

# METADATA
# description: |
#   Ids of the deployments in a zone of every entity that was found; all of them while the table is empty,
#   and none while what was found, or what the table says of it, can't be told.
# scope: document
permitted contains deployment.id if {
	not pii.switched_on
	some deployment in input.resource.properties.deployments
}

permitted contains deployment.id if {
	pii.switched_on
	pii.known
	pii.sound
	some deployment in input.resource.properties.deployments
	every zones in _confines { deployment.zone in zones }
}

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	pii.switched_on
	count(permitted) == 0
	some zones in _confines
	some deployment in input.resource.properties.deployments
	not _within(deployment, zones)
	reason := {
		"id": "pii.no_zone",
		"user": "The call contains personal data, and no deployment that may process it serves this model.",
		"admin": "The rows of regent.pii for what was found name zones, and none of the model's deployments lies in all.",
		"controls": ["GDPR-25", "GDPR-44"],
	}
}

# The zones of each entity that was found and has some.
_confines := {row.zones | some row in pii.found}

_within(deployment, zones) if deployment.zone in zones
