package t.early_exit_conflict

p := 1 if some x in input.xs
p := 2 if input.a == 1
