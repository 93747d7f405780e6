package t.printing

p := input.n if {
	print("value", input.a, input.missing, [input.b])
	print()
	input.n > 1
}
