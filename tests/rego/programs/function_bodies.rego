package t.function_bodies

f(x, y) := x + y if {
	x > y
}

f(x, y) := y - x if {
	x <= y
}

p := f(input.n, input.m)
