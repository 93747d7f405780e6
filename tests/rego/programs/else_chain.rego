package t.else_chain

p := 1 if {
	input.a == input.b
} else := 2 if {
	some x in input.xs
	x == input.a
} else := input.n if {
	input.n > 3
} else := "last" if not input.o
