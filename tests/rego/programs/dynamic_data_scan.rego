package t.dynamic_data_scan

p := [[k, v] | v := data.world.o[k]]
q := {[i, x] | x := data.world.xs[i]}
r := {k | data.world[k]}
