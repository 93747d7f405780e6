package t.with_builtin

f(x) := upper(x)
fake(x) := concat("", [x, x])
p := x if x := f(input.s) with upper as lower
q := x if x := f(input.s) with upper as fake
r := x if x := f(input.s) with upper as "const"
