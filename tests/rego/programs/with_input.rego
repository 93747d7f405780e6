package t.with_input

base := [input.a, input.n]
p := x if {
	x := base with input.a as "replaced"
}

q := [base, y, base] if y := base with input as {"a": 1, "n": input.m}
