package t.general_head

p.x[k] := v if some k, v in input.o
p.x.b := input.b
p.y contains e if some e in input.xs
p.z := input.n
