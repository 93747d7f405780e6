package t.general_head_multi

p.q[x] := y if some x, y in input.o
p.q.r.s := input.a
p.q.r.t contains input.b
