package t.complete

p := [input.a, input.b]
