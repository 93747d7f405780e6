package t.not_old_rule

w if not input.missing == input.a
x if not f(input.a)
f(y) if y == 1
y if not f(input.missing)
z if not data.world.o[input.k]
p := {"w": w, "x": x}
q := [1 | w]
r := [1 | x]
s := [1 | y]
t := [1 | z]
