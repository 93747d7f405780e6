package t.partial_object

p[k] := v if some k, v in input.o
p[k] := v if some k, v in input.q
