package t.with_partial_path

o[k] := v if some k, v in input.o
d.e.f := 1
d.e.g := input.n
p := x if x := d with data.t.with_partial_path.d.e.f as input.a
q := x if x := o.a with input.o.a as 5
