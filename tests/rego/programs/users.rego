package t.users

admins contains u.name if {
	some u in input.users
	"admin" in u.roles
}

ages[u.name] := u.age if some u in input.users
p := {"admins": admins, "ages": ages}
q := [u.name | some u in input.users; not "admin" in u.roles]
r := {role: names |
	some role in {r | some u in input.users; some r in u.roles}
	names := {u.name | some u in input.users; role in u.roles}
}
