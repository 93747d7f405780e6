package t.some_in_pattern

p contains y if some {"name": y} in input.users
p contains y if some [y, 1] in input.deep
p contains [x, y] if some [x, y] in input.deep
