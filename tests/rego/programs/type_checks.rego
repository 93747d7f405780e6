package t.type_checks

p := type_name(input.a)
q := [t | some x in input.xs; t := type_name(x)]

r contains x if {
	some x in input.xs
	is_string(x)
}
