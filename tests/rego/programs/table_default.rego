package t.table_default

default table := {}

table := data.world.table

default nowhere := {"a": 1}

nowhere := data.world.nowhere

default answer := "none"

answer := row.id if {
	some row in data.world.nowhere
	row.team == input.s
}

uses contains nowhere[input.k]

uses contains answer

got := object.get(data.world, "rows", [])

got_deep := object.get(data.world, ["table", input.s, "limit"], input.n)

got_nothing := object.get(data.world, ["nowhere", input.s], {})

size := count(object.get(data.world, "nowhere", []))

default f(_) := "f"

f(x) := data.world.nowhere[x]

g := f(input.s)
