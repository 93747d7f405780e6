package t.conflict_complete

p := x if some x in input.xs
