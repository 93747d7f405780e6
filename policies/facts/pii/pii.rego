# METADATA
# title: Personal data in a call
# description: |
#   The table regent.pii held against what was found in the call. Three rules read it: what is refused,
#   what is masked, and where a call may still go.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.pii

import data.facts.findings

# METADATA
# description: Whether the table says anything; if not, nobody needs to have looked for personal data.
switched_on if data.regent.pii != {}

# METADATA
# description: Whether the facts about the content are there and can be judged.
known if findings.known(input.context.content.findings)

# METADATA
# description: Whether every row of the table can be applied.
sound if {
	is_object(data.regent.pii)
	every row in data.regent.pii { _sound(row) }
}

# METADATA
# description: The entities that were found and count, each with its row.
found := findings.counting(input.context.content.findings, data.regent.pii)

_sound(row) if {
	findings.sound(row, {"allow", "block", "hash", "mask", "redact"})
	zones := object.get(row, "zones", ["any"])
	is_array(zones)
	count(zones) > 0
	every zone in zones { is_string(zone) }
}
