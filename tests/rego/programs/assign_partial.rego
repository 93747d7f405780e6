package t.assign_partial

p := q

q[x] contains y if {
	some x in input.xs
	some y in input.ys
}

r := count(q)
