package t.table_arrays

first := data.world.rows[0]

first_team := data.world.rows[0].team

texts := [sprintf("%v:%v", [i, row.id]) | some i, row in data.world.rows]

lengths := {"rows": count(data.world.rows), "empty": count(data.world.empty)}

empty_or contains x if some x in array.concat(data.world.empty, input.xs)

reversed := array.reverse(data.world.rows)

nothing := [x | some x in data.world.empty; x > input.n]
