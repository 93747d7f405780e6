package t.ordering_sets

p := {input.a, input.b, input.xs, input.o, {input.a}, {input.b}, {input.a, input.b}}
q := [x | some x in {y | some y in [input.a, input.b, [input.a], {"a": input.a}, input.n]}]
r := {input.a} == {input.b}
