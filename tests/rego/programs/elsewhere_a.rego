package elsewhere.a

p := input.n
q contains input.s
k := 1 if input.a
