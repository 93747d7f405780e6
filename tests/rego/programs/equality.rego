package t.equality

p if input.a == input.b
q if input.a != input.b
r if input.a = input.b
s := input.a == input.b
