package t.every_body

p contains u.name if {
	some u in input.users
	every r in u.roles {
		r != "admin"
		some x in input.xs
		x != r
	}
}
