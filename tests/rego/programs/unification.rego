package t.unification

p := [x, y] if [x, y] = input.xs
q := [x, y, z] if [x, [y, z]] = input.deep
r := x if {"a": x} = input.o
s := [x, y] if {"a": x, "b": y} = input.o
t := x if [x, x] = input.xs
u := x if [1, x, _] = input.xs
