package t.builtin_errors_else

p := x if {
	x := input.n / input.m
} else := "else"

default q := "default"

q := json.unmarshal(input.s)
f(x) := y if y := lower(x)
r := f(input.a)
