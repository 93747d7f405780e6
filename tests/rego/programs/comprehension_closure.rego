package t.comprehension_closure

p := {x: {y: {z | some z in input.xs; z != x; z != y}} |
	some x in input.xs
	some y in input.ys
}
