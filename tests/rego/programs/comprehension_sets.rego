package t.comprehension_sets

p := {{x, y} | some x in input.xs; some y in input.ys}
