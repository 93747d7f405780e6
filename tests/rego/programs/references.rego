package t.references

p := input.o.a.b
q := input.o["a b"]
r := input.users[0].name
s := [u.roles[0] | u := input.users[_]]
t := input.xs[count(input.xs) - 1]

u if {
	some i
	input.users[_].roles[i] == "admin"
	i == 0
}
