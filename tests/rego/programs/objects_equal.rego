package t.objects_equal

p := {"a": input.a, "b": input.b} == {"b": input.b, "a": input.a}
q := {"a": 1, "b": 2} == input.o
r := {input.k: 1} == {"a": 1}
