package t.else_false

p if {
	input.a
	input.b
} else := false if {
	input.a
} else := null if input.b
