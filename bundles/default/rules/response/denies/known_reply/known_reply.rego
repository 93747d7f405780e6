# METADATA
# title: The policy knows the reply
# description: |
#   A reply is judged only with the facts about it, and only if it comes from a candidate of the question.
#   A question of another version, or about an action that no rule here was written for, is refused.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: known_reply
#   reasons: [access.unknown_action, access.unknown_version, reply.unknown]
#   waits_for: []
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32]
package rules.response.denies.known_reply

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

deny contains reason if {
	not _known_reply
	reason := {
		"id": "reply.unknown",
		"user": "The reply could not be judged.",
		"admin": "context.reply is incomplete, or resource.properties.deployment is none of the candidates.",
		"controls": ["GDPR-32"],
	}
}

_known_version if input.version == 1

_known_action if input.action.name == "chat.completions"

_known_reply if {
	is_string(input.context.reply.finish)
	is_number(input.context.reply.tokens.completion)
	is_array(input.context.reply.findings)
	some candidate in input.resource.properties.deployments
	candidate.id == input.resource.properties.deployment
}
