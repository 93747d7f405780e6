# METADATA
# title: What calls may ask of a model
# description: |
#   Tools by name, kinds of content, the number of answers and streaming, as every row that fits the call allows.
#   Whatever a row's list doesn't name is refused.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: parameters
#   reasons:
#     - parameters.choices
#     - parameters.malformed
#     - parameters.modality
#     - parameters.stream
#     - parameters.tool
#     - parameters.unknown
#   severity: medium
#   enforcement: enforce
#   controls: [EU-AI-ACT-15, EU-AI-ACT-26]
package rules.request.denies.parameters

import data.facts.parameters
import data.facts.quantities
import data.facts.scope

# METADATA
# description: Reasons to refuse.
# scope: document
deny contains reason if {
	some row in parameters.holding
	some tool in input.action.properties.tools
	globs := row.tools
	not _offered(tool, globs)
	reason := {
		"id": "parameters.tool",
		"user": "The call offers the model a tool that you may not use.",
		"admin": "A tool of the call is covered by no glob under tools of a row in regent.parameters that fits the call.",
		"controls": ["EU-AI-ACT-15", "EU-AI-ACT-26"],
	}
}

deny contains reason if {
	some row in parameters.holding
	some modality in input.action.properties.modalities
	modalities := row.modalities
	not _listed(modality, modalities)
	reason := {
		"id": "parameters.modality",
		"user": "The call holds or asks for a kind of content that you may not use.",
		"admin": "A modality of the call is missing in a row of regent.parameters that fits the call.",
		"controls": ["EU-AI-ACT-15", "EU-AI-ACT-26"],
	}
}

deny contains reason if {
	some row in parameters.holding
	input.action.properties.choices > row.max_choices
	reason := {
		"id": "parameters.choices",
		"user": "The call asks for more answers to one prompt than you may have.",
		"admin": "The call's number of choices exceeds max_choices of a row in regent.parameters that fits the call.",
		"controls": ["EU-AI-ACT-15"],
	}
}

deny contains reason if {
	some row in parameters.holding
	row.streams == false
	input.action.properties.stream == true
	reason := {
		"id": "parameters.stream",
		"user": "You may not have the answer streamed.",
		"admin": "A row of regent.parameters that fits the call says streams: false.",
		"controls": ["EU-AI-ACT-15"],
	}
}

deny contains reason if {
	data.regent.parameters != {}
	not _known
	reason := {
		"id": "parameters.unknown",
		"user": "It is not known what this call asks of the model.",
		"admin": "The subject, the model or a property of the action is absent or malformed, and regent.parameters has rows.",
		"controls": ["EU-AI-ACT-15"],
	}
}

deny contains reason if {
	parameters.malformed
	reason := {
		"id": "parameters.malformed",
		"user": "What this policy says about the parameters of calls cannot be applied.",
		"admin": "A row under regent.parameters has an unknown name, or holds something else than the schema says.",
		"controls": ["EU-AI-ACT-15"],
	}
}

_known if {
	scope.known
	is_array(input.action.properties.tools)
	every tool in input.action.properties.tools { is_string(tool) }
	is_array(input.action.properties.modalities)
	is_boolean(input.action.properties.stream)
	not _odd_choices
}

# The number of choices may be absent, which means one, but not be something else.
_odd_choices if {
	choices := input.action.properties.choices
	not quantities.positive(choices)
}

_offered(tool, globs) if {
	some pattern in globs
	glob.match(pattern, null, lower(tool))
}

_listed(modality, modalities) if modality in modalities
