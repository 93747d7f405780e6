package t.locals_shadow

x := 5
p := [x | some x in input.xs]
q := [y | y := x]
r := x + input.n
