package t.table_with

deny contains row.id if {
	some row in data.world.rows
	row.team == input.s
}

nowhere if data.world.nowhere[input.s]

switched if data.world.mode == "on"

count_rows := count(data.world.rows)

through := deny

p := x if x := deny with data.world.rows as [{"id": 1, "team": "a"}, {"id": 2, "team": "x"}]

q := [x | x := nowhere with data.world.nowhere as {"a": true, "x": false, "b": input.a}]

r := [deny, y] if y := deny with data.world.rows as []

s if switched with data.world.mode as "on"

t := x if x := through with data.world as {"rows": [{"id": input.n, "team": input.s}]}

u := x if x := count_rows with data.world.rows as input.xs

v := [a, b] if {
	a := deny with input.s as "a"
	b := deny with input as {"s": "x"}
}

w if not nowhere with data.world.nowhere as {}
