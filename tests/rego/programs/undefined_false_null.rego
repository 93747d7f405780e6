package t.undefined_false_null

p := [x | x := input.a]
q if input.a
r if input.a == false
s if input.a == null
t if not input.a
u if not input.a == null
v if not input.missing
