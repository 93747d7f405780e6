package t.dynamic_data_integer

p := data.world.numbered[input.n]
q := data.world.numbered[input.s]
r := [k | some k, _ in data.world.numbered; k == input.n]
s := data.world.numbered["1"]
v := data.world.numbered[1]
