package t.some_vars

p contains [i, j] if {
	some i, j
	input.xs[i] == input.ys[j]
}
