package t.default_value

default p := "none"

p := input.a if input.a == input.b
