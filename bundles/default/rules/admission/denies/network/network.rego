# METADATA
# title: Calls come from where they may
# description: |
#   A row of regent.networks says for which calls, from which ranges of addresses.
#   A call that rows are about must come from a range of each of them.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
# custom:
#   id: network
#   reasons: [network.outside]
#   severity: high
#   enforcement: enforce
#   controls: [ISO-27001-A.8.20]
package rules.admission.denies.network

import data.facts.calls

# METADATA
# description: Reasons to refuse.
deny contains reason if {
	some row in data.regent.networks
	calls.concerns(row)
	not _inside(row)
	reason := {
		"id": "network.outside",
		"user": "Calls like this are not permitted from your network.",
		"admin": "No range of a row of regent.networks that is about this call holds the caller's address.",
		"controls": ["ISO-27001-A.8.20"],
	}
}

_inside(row) if {
	some range in row.ranges
	net.cidr_is_valid(range)
	net.cidr_contains(range, _address)
}

# The address, if it is one: what is none would make the question an error instead of a refusal.
_address := input.context.network.client_ip if {
	is_string(input.context.network.client_ip)
	net.cidr_is_valid(concat("/", [input.context.network.client_ip, "32"]))
}
