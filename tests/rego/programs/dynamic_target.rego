package t.dynamic_target

q := input.n
f(x) := x
r := [k | some k, _ in data.t.dynamic_target_inner]
