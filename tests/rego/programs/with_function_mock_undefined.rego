package t.with_function_mock_undefined

f(x) := x.y
g(x) := x.z
h(x) := f(x)
p := x if x := h(input.o) with f as g
q := x if not h(input.o) with f as g
x := 1
