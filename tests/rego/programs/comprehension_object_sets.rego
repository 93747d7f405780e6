package t.comprehension_object_sets

p := {{x: y}: [x] | some x in input.xs; some y in input.ys}
