package t.dynamic_partial

s contains x if some x in input.xs
o[k] := v if some k, v in input.o
p := s[input.a]
q := o[input.k]
r := [x | some x; s[x]; x != input.b]
