package t.table_objects

# A table by name, of which a row may be looked up.
row := data.world.table[input.s]

limit := row.limit

limits[name] := found if {
	some name, r in data.world.table
	found := r.limit
}

shifted[name] := data.world.nowhere[name] + 1 if some name in input.xs

over if input.n > data.world.table[input.s].limit

within if not over

columns contains data.world.table[_].nowhere

keys contains k if some k, _ in data.world.table

whole := object.union(limits, shifted)
