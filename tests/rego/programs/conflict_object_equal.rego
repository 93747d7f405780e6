package t.conflict_object_equal

p := {k: v |
	some i, k in input.xs
	v := i % 2
}
