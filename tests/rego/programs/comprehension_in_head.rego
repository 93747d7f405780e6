package t.comprehension_in_head

p[x] := [y | some y in input.ys; y > x] if some x in input.xs
