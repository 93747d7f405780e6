# METADATA
# title: The models a caller may use
# description: |
#   A model is granted by a role, by the team or to the subject itself, or by a row of regent.grants, as a glob.
#   The delimiters are null: `*` spans every character, so `gpt-4*` covers `gpt-4.1` and `*` covers `meta/llama`.
#   An empty list of delimiters would mean ["."] and stop at the dot.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.models

import data.facts.caller
import data.facts.clock
import data.facts.who

# METADATA
# description: The model asked for, in lower case.
asked := lower(input.resource.id)

# METADATA
# description: Every glob that the caller's roles, team, own row, or grants that hold now, name.
# scope: document
globs contains pattern if {
	some role in caller.roles
	some pattern in data.regent.roles[role].models
}

globs contains pattern if some pattern in caller.team.models

globs contains pattern if some pattern in caller.subject.models

globs contains pattern if {
	some row in data.regent.grants
	clock.holds(row)
	who.names(row)
	some pattern in row.models
}

# METADATA
# description: Whether any of the caller's globs covers the model asked for.
# scope: document
default granted := false

granted if {
	some pattern in globs
	glob.match(pattern, null, asked)
}
