# METADATA
# title: The labels of a call
# description: The labels of the caller's team united with the declared ones. A declared label can only add.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.labels

import data.facts.caller

# METADATA
# description: Labels of everything the caller's team sends. Undefined, not empty, when the team is unknown.
of_team := {lower(label) | some label in caller.team.labels} if is_array(caller.team.labels)

# METADATA
# description: Labels that the caller declared for this call. Undefined when the facts about the content are absent.
declared := {lower(label) | some label in input.context.content.labels} if is_array(input.context.content.labels)

# METADATA
# description: All labels of the call. Undefined unless both sources are known.
known := of_team | declared
