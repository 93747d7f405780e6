package t.table_sets

# A partial set behind a table, and what rests on it.
deny contains reason if {
	some row in data.world.rows
	row.team == input.s
	reason := {"id": row.id, "of": input.k}
}

deny contains "malformed" if {
	some row in data.world.rows
	not is_string(row.team)
}

deny contains "asked" if {
	input.a
	some row in data.world.nowhere
	row == input.b
}

size := count(deny)

none if count(deny) == 0

all contains x if some x in deny

all contains x if some x in never

never contains x if some x in data.world.nowhere

found := [x | some x in never]

both := deny | never
