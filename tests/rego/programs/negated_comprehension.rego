package t.negated_comprehension

p if not [x | some x in input.xs; x == input.a] == []
q if count([x | some x in input.xs; not x in input.ys]) == 0
