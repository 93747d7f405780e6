package t.partial_set

p contains x if some x in input.xs
p contains input.a

p contains [x, y] if {
	some x in input.xs
	some y in input.ys
	x == y
}
