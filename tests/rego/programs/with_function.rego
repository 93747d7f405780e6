package t.with_function

f(x) := x + 1
g(x) := [x, "mock"]
p := x if x := f(input.n) with f as g
q := x if x := f(input.n) with f as 7
