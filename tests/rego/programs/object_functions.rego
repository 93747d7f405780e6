package t.object_functions

p := object.get(input.o, input.k, "none")
q := object.keys(input.o)
r := object.union(input.o, input.q)
s := object.remove(input.o, input.xs)
