package t.dynamic_target_inner

a := 1
b := input.b if input.b
c if input.c
