package t.dynamic_rules

r.a := 1
r.b := input.n
r.c contains input.a
r.d[x] := 1 if some x in input.xs
p := data.t.dynamic_rules.r[input.k]
q := [k | some k; data.t.dynamic_rules.r[k]]
