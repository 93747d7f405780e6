# METADATA
# title: Which calls a row is about
# description: |
#   Rows that restrict name people as `who` says, and models by globs. Whatever is given must fit;
#   a row that gives nothing is about every call.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.calls

import data.facts.models
import data.facts.rows
import data.facts.who

# METADATA
# description: Whether a row is about this call.
concerns(row) if {
	asks_for(row)
	who.fits(row)
}

# METADATA
# description: |
#   Whether the call asks for one of the models that a row names, if it names some.
#   A call for a model that isn't known is held to be for each of them: what is missing must not loosen.
# scope: document
asks_for(row) if not rows.gives(row, "models")

asks_for(row) if {
	some pattern in row.models
	glob.match(pattern, null, models.asked)
}

asks_for(row) if {
	rows.gives(row, "models")
	not models.asked
}
