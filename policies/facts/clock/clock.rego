# METADATA
# title: The time of the call
# description: |
#   Rows of the data may hold `from` one moment and `until` another. Moments are times in UTC with whole seconds, or
#   dates, which mean their first moment. Written like that, they are in order as texts: nothing has to be parsed,
#   and a moment that is written otherwise is none, so that what would depend on it doesn't hold.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.clock

import data.facts.rows

# METADATA
# description: The time of the question. Undefined if it isn't a time in UTC with whole seconds.
now := input.context.time if {
	contains(input.context.time, "T")
	_moment(input.context.time)
}

# METADATA
# description: Whether a row holds now. One that names no moment always does.
holds(row) if {
	_begun(row)
	_lasts(row)
}

_begun(row) if not rows.gives(row, "from")

_begun(row) if {
	_moment(row.from)
	row.from <= now
}

_lasts(row) if not rows.gives(row, "until")

_lasts(row) if {
	_moment(row.until)
	now < row.until
}

_moment(text) if {
	is_string(text)
	regex.match(
		`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$`,
		text,
	)
}
