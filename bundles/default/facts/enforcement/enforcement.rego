# METADATA
# title: How rules count
# description: |
#   A rule decides (`enforce`), or only advises (`warn`: the caller is told; `shadow`: the record is), or is `off`.
#   Its METADATA says which under custom.enforcement, and the rule exports that if it isn't `enforce`;
#   the data's regent.enforcement has the last word. Whatever isn't one of these words counts as `enforce`.
# schemas:
#   - data.regent: schema.regent
package facts.enforcement

# METADATA
# description: The rules that the data loosens, by name, with how they count instead. Empty as a rule.
overridden[name] := mode if {
	some name, mode in data.regent.enforcement
	mode in {"off", "shadow", "warn"}
}

# METADATA
# description: Whether a rule only advises because its METADATA says so and the data says nothing else.
advises(name, mode) if {
	mode in {"shadow", "warn"}
	not name in _said
}

_said contains name if some name, _ in data.regent.enforcement
