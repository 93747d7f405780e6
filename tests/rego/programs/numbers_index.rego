package t.numbers_index

p := input.xs[input.n]
q := input.xs[1.0]
r := input.xs[1.5]
s := ["a", "b", "c"][input.n]
t := [10, 20, 30][_] == input.n
