package t.table_errors

# What comes before a table must still fail, and what comes after an empty one can't.
before contains x if {
	y := lower(input.a)
	some row in data.world.nowhere
	x := [y, row]
}

after contains x if {
	some row in data.world.nowhere
	x := lower(input.a)
	x == row
}

under_not if not failing

failing if {
	upper(input.a) == "A"
	data.world.nowhere
}

conflict := 1 if data.world.table

conflict := 2 if data.world.rows

conflict := 3 if input.a

keys[k] := 1 if some k in data.world.names

keys[k] := 2 if some k in input.xs

quotient := 1 / count(object.get(data.world, "empty", []))

quotients contains input.n / count(data.world.rows)

loops contains y if {
	some x in input.xs
	y := upper(x)
	some row in data.world.rows
	row.team == x
}

loops_of_nothing contains 1 if {
	some x in input.xs
	count(x) > 0
	data.world.nowhere[x]
}
