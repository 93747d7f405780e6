package t.set_index

p := {"a", "b", 1, input.b}[input.a]
q := [x | x := {y | some y in [1, 2, input.n]}[_]]
