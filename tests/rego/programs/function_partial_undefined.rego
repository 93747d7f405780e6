package t.function_partial_undefined

f(x) if x == input.a
p := {x: y | some x in input.xs; y := f(x)}
q := [1 | some x in input.xs; not f(x)]
