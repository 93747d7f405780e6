package t.function_pattern_nested

f([{"k": [x, 1]}, y]) := [x, y]
f([1, [2, x]]) := x
f(x) := "single" if count(x) == 1
p := f(input.deep)
q := f(input.xs)
