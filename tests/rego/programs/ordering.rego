package t.ordering

p := sort([input.a, input.b, input.n, input.s, input.xs, input.o, null, true, {1}, {}])
q := [input.a < input.b, input.a > input.b]
r := sort(input.xs)
s := max([input.a, input.b])
