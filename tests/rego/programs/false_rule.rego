package t.false_rule

no if input.a == input.b
f := false
g := null
p if not no
q if not f
r if not g
s if f == false
