package t.membership

p := [input.a in input.xs, input.a in input.o, input.n in {1, 2, input.m}]
q := [("a", input.n in input.o), (0, input.a in input.xs)]
