# METADATA
# title: Administration knows the question
# description: A question of another version, or about no action of administration, is refused.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: known_question
#   reasons: [access.unknown_action, access.unknown_version]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32]
package rules.admin.denies.known_question

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	not _known_version
	reason := {
		"id": "access.unknown_version",
		"user": "The gateway and its policy do not fit together.",
		"admin": "The question's version is not 1; activate a bundle written for this gateway.",
		"controls": ["GDPR-32"],
	}
}

deny contains reason if {
	not _known_action
	reason := {
		"id": "access.unknown_action",
		"user": "This kind of call is not permitted.",
		"admin": "No rule of this policy was written for the action.",
		"controls": ["GDPR-32"],
	}
}

_known_version if input.version == 1

_known_action if {
	input.resource.type == "admin"
	regex.match(`^(audit|budget|bundle|policy|usage)\.[a-z_]+$`, input.action.name)
}
