package t.builtin_errors

p := x if x := 1 / input.n
q := [y | some x in input.xs; y := 10 / x]
r if not 1 / input.n == 1
s := to_number(input.a)
t := {"a": count(input.a)}
u if startswith(input.a, "x")
