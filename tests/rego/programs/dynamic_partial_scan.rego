package t.dynamic_partial_scan

o[k] contains v if some k, v in input.o
o[k] contains v if some k, v in input.q
p := {[k, v] | o[k][v]}
q := o[input.k][input.n]
r := o.a[input.n]
