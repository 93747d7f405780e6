package t.not_future

import future.keywords.not

w if not input.missing == input.a
x if not f(input.a)
f(y) if y == 1
y if not f(input.missing)
z if not data.world.o[input.k]
p := [1 | w]
q := [1 | x]
r := [1 | y]
s := [1 | z]
t if not input.a.b.c
u if not count(input.missing) > 1
v if not startswith(input.s, input.t)
