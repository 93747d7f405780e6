package t.complete_bodies

p := "number" if is_number(input.a)
p := "string" if is_string(input.a)
p := "small" if input.a < 3
