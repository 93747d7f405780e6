# METADATA
# title: Facts about the content are known
# description: Without the facts about its content a call cannot be judged, so it is refused.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: known_content
#   reasons: [content.unknown]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32, GDPR-44]
package rules.request.denies.known_content

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	not _known
	reason := {
		"id": "content.unknown",
		"user": "The content of this call could not be judged.",
		"admin": "context.content is absent, or its labels are not a list of strings.",
		"controls": ["GDPR-32", "GDPR-44"],
	}
}

_known if {
	is_array(input.context.content.labels)
	every label in input.context.content.labels { is_string(label) }
}
