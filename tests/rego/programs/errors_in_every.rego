package t.errors_in_every

p if every x in input.xs { 10 / x > 1 }
q if not any_bad

any_bad if {
	some x in input.xs
	lower(x) == "a"
}
