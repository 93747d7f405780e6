package t.chained_comparison

p if {
	x := input.n
	y := x + 1
	z := y * 2
	z > input.m
	z != input.a
}

q := z if {
	[x, y] := input.xs
	z := x + y
}

r := y if {
	some i
	input.xs[i] == input.a
	y := i
}
