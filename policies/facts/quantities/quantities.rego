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

# METADATA
# description: Whether a value is a number from a thousandth up to 1, such as a share that is given to somebody.
part(value) if {
	fraction(value)
	value >= 0.001
}

# METADATA
# description: The longest window that is counted over, in seconds; 366 days.
longest_s := 31622400
