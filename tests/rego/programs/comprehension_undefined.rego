package t.comprehension_undefined

p := [x.a.b | some x in input.users]
q := {x.name | some x in input.users}
