package t.early_exit_constant

p := "found" if {
	some x in input.xs
	some y in input.ys
	x == y
}

p := "found" if input.a == input.b
