package t.table_functions

allows(row, x) if x in row.names

allows(row, x) if data.world.table[x].limit > row.limit

blocked(x) if data.world.nowhere[x]

blocked(x) if {
	some row in data.world.empty
	row == x
}

rows(team) := [row | some row in data.world.rows; row.team == team]

pairs(x) := {"row": data.world.table[x]} if {
	not blocked(x)
} else := {}

p contains x if {
	some x in input.xs
	some row in data.world.rows
	allows(row, x)
}

q if blocked(input.s)

r if not blocked(input.s)

s := rows(input.s)

u := [pairs(x) | some x in input.xs]
