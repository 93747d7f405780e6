package t.dynamic_data

p := data.world[input.k]
q := data.world.o[input.k]
r := data.world.xs[input.n]
s := data.world.o[input.n]
