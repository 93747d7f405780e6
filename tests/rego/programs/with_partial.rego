package t.with_partial

s contains x if some x in input.xs
n := count(s)
p := x if x := n with s as {1, 2, 3}
q := x if x := s with s as input.ys
