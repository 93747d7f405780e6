package t.else_of_function

f(x) := "text" if {
	is_string(x)
} else := "count" if {
	count(x) > 1
} else := x if {
	is_number(x)
}

p := [f(input.a), f(input.b)]
q := [y | some x in input.xs; y := f(x)]
