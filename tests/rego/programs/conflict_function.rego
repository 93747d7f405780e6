package t.conflict_function

f(x) := x if x == input.a
f(x) := input.b if x == input.a
p := f(input.a)
