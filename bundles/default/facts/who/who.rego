# METADATA
# title: Whom a row is about
# description: |
#   Rows of the data name people by lists of globs: roles, teams, organizations, subjects.
#   Every list that a row gives must fit the caller, and one of its globs is enough for a list to fit.
#   The ids of subjects are unique only for their issuer, so a row that names some names the issuer too.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.who

import data.facts.caller

# METADATA
# description: Whether a row fits the caller. A row without lists fits everybody.
fits(row) if {
	every list, globs in object.filter(row, _lists) { _fits(list, globs, row) }
}

# METADATA
# description: Whether a row names the caller, which takes at least one list. What grants must ask this.
names(row) if {
	lists(row)
	fits(row)
}

# METADATA
# description: Whether a row has a list of people at all.
lists(row) if count(object.filter(row, _lists)) > 0

_lists := ["organizations", "roles", "subjects", "teams"]

_fits("organizations", globs, _) if _covered(globs, lower(input.subject.properties.organization))

_fits("roles", globs, _) if {
	some role in caller.roles
	_covered(globs, role)
}

_fits("subjects", globs, row) if {
	row.issuer == input.subject.properties.issuer
	_covered(globs, input.subject.id)
}

_fits("teams", globs, _) if _covered(globs, lower(input.subject.properties.team))

_covered(globs, name) if {
	some pattern in globs
	glob.match(pattern, null, name)
}
