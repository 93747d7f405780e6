package t.multi_value_ref

a.b contains x if some x in input.xs
a.c[x] := 1 if some x in input.xs
a.d := input.n
p := a
q := a[input.k]
r := [k | a[k]]
