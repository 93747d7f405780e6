package t.sets_nested

p := {{1, input.a}, {1}, set()}
q := {x | some x in {{input.a}, {input.b}}; count(x) == 1}
r := {{input.a}}[{input.b}]
