package t.partial_object_constant

p["a"] := input.a
p["b"] := input.b
p[k] := 1 if some k in input.xs
