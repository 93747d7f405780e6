# METADATA
# title: What was found
# description: |
#   Entities that were found in a call or a reply, held against a table of them. Names are folded to upper case here,
#   as entities are written. A finding without a score is certain, a row without one lets every finding count,
#   and the row `*` is for every entity without a row of its own.
package facts.findings

import data.facts.quantities

# METADATA
# description: Whether findings can be judged. An empty list can; no list can't.
known(findings) if {
	is_array(findings)
	every finding in findings { _known(finding) }
}

# METADATA
# description: The entities that count, each with its row of the table.
counting(findings, table) := {entity: row |
	some finding in findings
	entity := upper(finding.entity)
	row := _row(table, entity)
	object.get(finding, "score", 1) >= object.get(row, "score", 0)
}

# METADATA
# description: Whether a row says what happens, in one of these words, and from which score on.
sound(row, actions) if {
	is_object(row)
	row.action in actions
	quantities.fraction(object.get(row, "score", 0))
}

_known(finding) if {
	is_string(finding.entity)
	quantities.fraction(object.get(finding, "score", 1))
}

_row(table, entity) := table[entity]

_row(table, entity) := table["*"] if not _listed(table, entity)

_listed(table, entity) if _ = table[entity]
