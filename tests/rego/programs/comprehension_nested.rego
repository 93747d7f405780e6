package t.comprehension_nested

p := [[y | some y in input.ys; y != x] | some x in input.xs]
