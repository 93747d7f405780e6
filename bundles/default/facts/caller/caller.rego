# METADATA
# title: The caller
# description: What the data says of the caller. Names of roles and teams are folded to lower case here.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.caller

# METADATA
# description: The caller's roles in lower case; without roles the set is empty and nothing is granted by role.
roles contains lower(role) if some role in input.subject.properties.roles

# METADATA
# description: The row of the caller's team. Undefined when the credential names a team that the data does not know.
# scope: document
team := data.regent.teams[lower(input.subject.properties.team)]

team := data.regent.teamless if {
	is_string(input.subject.properties.issuer)
	not _names_a_team
}

# The path is read to its end, not the properties as a whole: the age of the credential, which changes with
# every second, then is no part of what a decision depends on.
_names_a_team if input.subject.properties.team != null

# METADATA
# description: The row of this very subject, if the issuer that vouched for it is the one the data names.
subject := row if {
	row := data.regent.subjects[input.subject.id]
	row.issuer == input.subject.properties.issuer
}
