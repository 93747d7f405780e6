package t.table_every

all_rows if every row in data.world.rows { row.team != input.s }

all_table if every name, row in data.world.table { row.limit >= input.n; name != "x"}

all_nowhere if every row in data.world.nowhere { row == input.a }

all_empty if every row in data.world.empty { row == input.a }

all_before_nothing := data.world.nowhere.x if {
	every user in input.users { user.name in object.keys(user.roles) }
}

some_fails if not all_rows

known if every name in data.world.names { is_set(rules[name]) }

rules.a contains x if some x in data.world.rows

rules.b contains x if some x in data.world.nowhere

rules.c contains x if some x in input.xs

listed contains name if {
	some name in data.world.names
	count(data.t.table_every.rules[name]) == 0
}
