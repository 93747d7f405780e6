package t.walk_pattern

p := [x | walk(input, [["o", x], _])]
q := [v | walk(input.deep, [[_, _], v])]
r if walk(input.deep, [_, input.n])
