package t.conflict_comprehension

p := {k: v |
	some k in input.xs
	some v in input.ys
}
