package t.unindexed

# What OPA's rule index doesn't know hides no error that comes before it.
twice := 1 if input.a

twice := 2 if input.b

deny contains "object" if {
	twice > 0
	input.s == {"k": "v"}
}

deny contains "set" if {
	twice > 0
	input.s == {"a"}
}

deny contains "member" if {
	twice > 0
	input.s in [{"k": "v"}, "x"]
}

deny contains "key" if {
	twice > 0
	input.s in {"a": {"k": "v"}}
}

deny contains "empty" if {
	twice > 0
	input.s in []
}

p := count(deny)

q if {
	twice > 0
	{"k": k} = input.s
	k == "v"
}

default r := "none"

r := "object" if {
	to_number(input.s) > 0
	input.a == {"k": {"v": 1}}
} else := "else" if input.n == 1
