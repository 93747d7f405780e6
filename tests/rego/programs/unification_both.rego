package t.unification_both

p := [x, y] if [x, 1] = [2, y]
q := z if {"a": z, "b": 2} = {"a": input.a, "b": input.b}

r := x if {
	x := 1
	[y | y := x] == [input.a | true]
}
