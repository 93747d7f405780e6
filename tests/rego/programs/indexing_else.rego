package t.indexing_else

p := 1 if {
	input.a == "x"
} else := 2 if {
	input.a == "y"
	input.n == 1
} else := 3 if {
	input.n == 1
}
