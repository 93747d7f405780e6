package t.table_dynamic

library.one.deny contains row if some row in data.world.rows

library.two.deny contains row if some row in data.world.nowhere

library.three.deny contains input.a

library.four.allow := data.world.nowhere

library.five.allow if input.a

denied contains reason if some reason in data.t.table_dynamic.library[_].deny

allowed contains name if data.t.table_dynamic.library[name].allow

chosen := data.t.table_dynamic.library[input.s].deny

complete if every name in data.world.names { is_set(data.t.table_dynamic.library[name].deny) }

complete_here if every name in ["one", "two"] { is_set(data.t.table_dynamic.library[name].deny) }

missing contains name if {
	some name in ["one", "two", "four", "six"]
	not data.t.table_dynamic.library[name].deny
}

off if data.t.table_dynamic.library.two.deny == set()

document := data.t.table_dynamic.library.two
