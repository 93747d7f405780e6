package t.dynamic_input

p := input[input.k]
q := {[x, y] | input[x][y]}
r := input.o[input.k]
