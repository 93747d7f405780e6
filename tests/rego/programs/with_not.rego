package t.with_not

ok if input.a == input.b
p if not ok with input.b as input.a
q if not ok with input.b as [input.a]
