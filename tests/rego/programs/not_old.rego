package t.not_old

p if not input.a.b.c
q if not input.xs[0] == 1
r if not input.o[input.k]
s if not count(input.xs) > 2
t if not input.n > input.m
u if not startswith(input.s, input.t)
