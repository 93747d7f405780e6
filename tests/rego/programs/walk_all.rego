package t.walk_all

p := [[path, value] | walk(input.deep, [path, value])]
q := {path | walk(input.o, [path, _])}
r := {x | walk(input.deep, [_, x]); is_number(x)}
