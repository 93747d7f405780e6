package t.partial_object_any_key

p[x] := i if some i, x in input.xs
