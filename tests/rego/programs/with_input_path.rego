package t.with_input_path

v := input
p := x if x := v with input.o.deep.path as input.n
q := x if x := v with input.xs as input.o with input.o.a as 2
