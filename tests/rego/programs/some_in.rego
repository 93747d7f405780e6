package t.some_in

p contains i if some i, "a" in input.xs
p contains k if some k, input.n in input.o
p contains [i, x] if some i, [x, _] in input.deep
