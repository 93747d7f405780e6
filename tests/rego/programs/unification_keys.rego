package t.unification_keys

p := x if {input.k: x} = input.o
q := x if {"a": {"b": x}} = input.deep
