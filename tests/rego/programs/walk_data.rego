package t.walk_data

p := count([x | walk(data.world, [x, _])])
q := {v | walk(data.world.o, [_, v])}
