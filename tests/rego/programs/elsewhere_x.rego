package elsewhere.x

p[x] := i if some i, x in input.xs
