package t.general_head_nested

p[x].inner[y] := [x, y] if {
	some x in input.xs
	some y in input.ys
}

p.fixed.inner.deep := input.a
