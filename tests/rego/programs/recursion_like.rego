package t.recursion_like

a := b + 1
b := c + 1
c := input.n
p := [a, b, c]
