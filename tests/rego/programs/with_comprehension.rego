package t.with_comprehension

v := input.n
p := [x | some y in input.xs; x := v with input.n as y]
q := {x | some y in input.xs; x := v with input as {"n": y}}
