# METADATA
# title: Which calls a row is about
# description: |
#   A row that restricts calls says which: whose, as facts.who reads it, and for which models. Without lists it is
#   about every call. A restriction that misses its call protects nobody. So before a rule goes by such rows it
#   asks whether a row can be read (`sound`) and whether the call can be held against rows (`known`), or refuses.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.scope

import data.facts.models
import data.facts.who

# METADATA
# description: Whether a row is about the call.
covers(row) if {
	who.fits(row)
	_about_model(row)
}

# METADATA
# description: Whether everything that rows are held against is there, and is what it should be.
known if {
	is_string(input.subject.id)
	is_string(input.subject.properties.issuer)
	is_string(input.resource.id)
	is_array(input.subject.properties.roles)
	every role in input.subject.properties.roles { is_string(role) }
	not _odd
}

# METADATA
# description: Whether the lists of a row are lists of texts, and somebody vouches for its ids of subjects.
sound(row) if {
	is_object(row)
	every globs in object.filter(row, _lists) { _texts(globs) }
	not _unvouched(row)
}

_lists := ["models", "organizations", "roles", "subjects", "teams"]

_about_model(row) if {
	some pattern in row.models
	glob.match(pattern, null, models.asked)
}

_about_model(row) if not _names_models(row)

_names_models(row) if _ = row.models

# Team and organisation may be absent, but not be something else.
_odd if {
	team := input.subject.properties.team
	not is_string(team)
}

_odd if {
	organization := input.subject.properties.organization
	not is_string(organization)
}

_texts(globs) if {
	is_array(globs)
	every pattern in globs { is_string(pattern) }
}

_unvouched(row) if {
	_ = row.subjects
	not _vouched(row)
}

_vouched(row) if is_string(row.issuer)
