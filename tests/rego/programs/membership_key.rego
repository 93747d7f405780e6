package t.membership_key

p if "a", input.n in input.o
q if 0, input.a in input.xs
r if 1.0, input.a in input.xs
