package t.ordering_objects

p := [k | some k, _ in input.o]
q := {input.o: 1, input.q: 2}
r := [v | some v in object.union(input.o, input.q)]
s := [[k, v] | some k, v in {k: i | some i, k in {x | some x in [input.a, input.b, "z", 1, true, [1], null, input.xs]}}]
