package t.reference_computed

p := {"a": 1, "b": [input.n]}[input.k]
q := [[1, 2], [3, 4]][input.n][input.m]
r := f(input.o).a
f(x) := x
s := {x | some x in input.xs}[input.a]
