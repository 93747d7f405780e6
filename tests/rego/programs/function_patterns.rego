package t.function_patterns

f("a", _) := "string a"
f([x, y], z) := [y, x, z]
f({"k": v}, _) := v
f(1, x) := x
f(null, null) := "nulls"
f(true, x) := {"t": x}
p := f(input.a, input.b)
q := [y | some x in input.xs; y := f(x, input.n)]
