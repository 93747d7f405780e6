# METADATA
# title: Candidate deployments are known one by one
# description: |
#   A question about a model names at least one candidate and every id once.
#   Two candidates under one id would let a permitted one vouch for the other.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: known_candidates
#   reasons: [route.unknown_candidates]
#   severity: high
#   enforcement: enforce
#   controls: [GDPR-32]
package rules.catalogue.denies.known_candidates

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	not _known
	reason := {
		"id": "route.unknown_candidates",
		"user": "No deployment can serve this model.",
		"admin": "The question names no candidate deployment, or one id twice.",
		"controls": ["GDPR-32"],
	}
}

_known if {
	candidates := input.resource.properties.deployments
	count(candidates) > 0
	count({candidate.id | some candidate in candidates}) == count(candidates)
}
