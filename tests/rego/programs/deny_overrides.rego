package t.deny_overrides

default allow := false

allow if {
	some u in input.users
	u.age >= 18
	count(deny) == 0
}

deny contains msg if {
	some u in input.users
	not u.name
	msg := "no name"
}

deny contains msg if {
	some u in input.users
	u.age < 18
	msg := sprintf("%v is %d", [u.name, u.age])
}

p := {"allow": allow, "deny": deny}
