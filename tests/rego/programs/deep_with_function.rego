package t.deep_with_function

f(x) := input.n + x
g(x) := y if y := f(x) with input.n as x
p := [f(1), g(input.m), f(1)]
