package t.early_exit

p if {
	some x in input.xs
	x == input.a
}

p if {
	some y in input.ys
	1 / y > 0
}

f(x) if {
	some y in input.xs
	y == x
}

f(x) if x == input.a
q := f(input.b)
