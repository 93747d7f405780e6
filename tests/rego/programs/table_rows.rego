package t.table_rows

# Rows that are known: some of them do nothing, whatever is asked.
on contains row.id if {
	some row in data.world.rows
	not row.off
	row.team == input.s
}

places contains i if {
	some i, row in data.world.rows
	row.off == true
}

named[name] := row.limit if {
	some name, row in data.world.table
	row.off != true
	row.limit > input.n
}

texts contains upper(name) if some name in data.world.names

fixed contains name if {
	some name in ["a", "b", "one"]
	data.world.table[name]
}

nested contains [a, b] if {
	some a in data.world.names
	some b in data.world.names
	a != b
	data.world.table[a].limit
}

last := row.id if {
	some row in data.world.rows
	row.team == "a"
	not row.off
}
