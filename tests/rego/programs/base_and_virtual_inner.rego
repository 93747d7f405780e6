package t.base_and_virtual_inner

x := input.n if input.n
y contains input.s
z["w"] := data.world.k
