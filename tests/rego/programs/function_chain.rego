package t.function_chain

f(x) := g(x) if count(x) > 0
g(x) := h(x, x)
h(x, y) := {x: y}
p := f(input.a)
q := f(input.s)
