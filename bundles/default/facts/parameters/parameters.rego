# METADATA
# title: Parameters of calls
# description: |
#   The rows of regent.parameters that hold for a call. Two rules read them: what is refused, and what is lowered.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.parameters

import data.facts.quantities
import data.facts.scope

# METADATA
# description: The rows that fit the call.
holding[name] := row if {
	some name, row in _readable
	scope.covers(row)
}

# METADATA
# description: Whether a row, or the table, can't be read.
# scope: document
malformed if count(_readable) < count(data.regent.parameters)

malformed if {
	parameters := data.regent.parameters
	not is_object(parameters)
}

_readable[name] := row if {
	some name, row in data.regent.parameters
	_sound(row)
}

_sound(row) if {
	scope.sound(row)
	object.keys(row) - _names == set()
	_texts(object.get(row, "tools", []))
	_texts(object.get(row, "modalities", []))
	quantities.positive(object.get(row, "max_choices", 1))
	is_boolean(object.get(row, "streams", true))
	_temperature(object.get(row, "max_temperature", 1))
}

_names := {
	"issuer", "max_choices", "max_temperature", "modalities", "models", "organizations",
	"roles", "streams", "subjects", "teams", "tools",
}

_texts(list) if {
	is_array(list)
	every item in list { is_string(item) }
}

_temperature(limit) if {
	is_number(limit)
	limit >= 0
	limit <= 2
}
