package t.with_data

v := data.world
p := x if x := v with data.world.o as [input.o]
q := x if x := v with data.world.o.a.b as [input.a]
r := x if x := v with data.world as input.xs
