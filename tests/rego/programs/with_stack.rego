package t.with_stack

base := {"a": input.a, "n": input.n, "w": data.world.k}
inner := x if x := base with input.a as 1
p := x if x := inner with input.n as 2 with data.world.k as 3
q := [base, inner]
