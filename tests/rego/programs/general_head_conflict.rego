package t.general_head_conflict

p[x].y := input.n if some x in input.xs
p[x].y := input.m if some x in input.ys
