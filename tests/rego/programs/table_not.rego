package t.table_not

open if not closed

closed if {
	some row in data.world.rows
	row.team == input.s
}

listed if data.world.table[input.s]

unlisted if not listed

unlisted_here if not data.world.table[input.s]

absent if not data.world.nowhere

absent_row if not data.world.nowhere[input.s].x

twice if {
	not absent
	not unlisted
}

still if {
	not data.world.nowhere[input.s] == 1
	not closed
}

asked contains x if {
	some x in input.xs
	not data.world.table[x].off
}
