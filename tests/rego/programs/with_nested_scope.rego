package t.with_nested_scope

a := input.n
b := [a, c]
c := x if x := a with input.n as 10
p := x if x := b with input.n as 20
