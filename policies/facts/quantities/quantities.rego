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

# METADATA
# description: Whether a value is a number from 0 to 1, such as a score or a part of a sum.
fraction(value) if {
	is_number(value)
	value >= 0
	value <= 1
}
