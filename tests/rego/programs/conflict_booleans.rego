package t.conflict_booleans

p if input.a == input.b
p := false if input.n == input.m
