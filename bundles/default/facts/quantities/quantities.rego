# METADATA
# title: Quantities
# description: What counts as a quantity that an obligation may carry.
package facts.quantities

# METADATA
# description: Whether a value is a whole number above zero.
positive(value) if {
	is_number(value)
	value > 0
	floor(value) == value
}
