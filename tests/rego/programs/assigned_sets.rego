package t.assigned_sets

p := x if {
	x := {input.a, input.b}
	count(x) == 1
}

q := count({input.a, input.b})
r := count({[input.a], [input.b]})
t := count({{"k": input.a}, {"k": input.b}})
