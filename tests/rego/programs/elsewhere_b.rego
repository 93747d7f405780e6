package elsewhere.b

p := data.world.k
q := "b"
