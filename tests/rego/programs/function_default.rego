package t.function_default

default f(_) := "default"

f(x) := y if {
	y := x.a
}

p := [f(input.o), f(input.a), f(input.deep)]
