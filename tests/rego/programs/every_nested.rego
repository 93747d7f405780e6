package t.every_nested

p if {
	every x in input.xs {
		every y in input.ys {
			x != y
		}
	}
}
