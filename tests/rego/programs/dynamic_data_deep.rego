package t.dynamic_data_deep

p := {[x, y] | data.world[x][y]}
q := [v | v := data.world[_][_]]
