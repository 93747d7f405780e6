# METADATA
# title: On whose count a call goes
# description: |
#   Limits and budgets count under keys. A key names the row that counts and then whose count it is, `burst/team:hr`.
#   Nobody can spell somebody else's key: the name of a row holds no slash and a level no colon, so what follows
#   them is the name alone, folded once. An id is unique only for its issuer and may hold anything, so the key of
#   a user is a digest of both; so is that of a name too long for a key, with a `#` in place of the colon.
# schemas:
#   - input: schema.input
#   - data.regent: schema.regent
package facts.accounts

import data.facts.models

# METADATA
# description: What can have a count of its own.
levels := {"everybody", "model", "organization", "team", "user"}

# METADATA
# description: The key under which a row counts the call. Undefined when the question doesn't say whose count it is.
key(row, level) := concat("/", [row, _account(level)])

_account("everybody") := "everybody"

_account("model") := _named("model", models.asked)

_account("organization") := _named("organization", lower(input.subject.properties.organization))

# Callers without an organisation or a team share a count: without any they would be free of the limit.
_account("organization") := "organization" if not _of_an_organization

_account("team") := _named("team", lower(input.subject.properties.team))

_account("team") := "team" if not _of_a_team

_account("user") := _digested("user", json.marshal([input.subject.properties.issuer, input.subject.id]))

_of_an_organization if input.subject.properties.organization != null

_of_a_team if input.subject.properties.team != null

_named(level, name) := concat(":", [level, name]) if {
	count(name) <= 128
} else := _digested(level, name)

_digested(level, name) := concat("#", [level, crypto.sha256(name)])
